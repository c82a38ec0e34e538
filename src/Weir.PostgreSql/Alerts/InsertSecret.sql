-- After all that there are.
INSERT INTO webhook_secrets (workspace, webhook, number, sealed, created_at, expires_at)
SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5 FROM webhook_secrets WHERE workspace = $1 AND webhook = $2
