-- What has ended, and of many the oldest.
DELETE FROM webhook_secrets WHERE workspace = $1 AND webhook = $2
AND (expires_at <= $3 OR number <= (SELECT max(number) FROM webhook_secrets WHERE workspace = $1 AND webhook = $2) - $4)
