-- With their webhook.
DELETE FROM webhook_secrets WHERE workspace = $1 AND webhook = $2
