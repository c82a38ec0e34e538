-- Of one webhook, or with null of all; newest first.
SELECT webhook, sealed, created_at, expires_at FROM webhook_secrets WHERE workspace = $1 AND ($2 IS NULL OR webhook = $2) ORDER BY webhook, number DESC
