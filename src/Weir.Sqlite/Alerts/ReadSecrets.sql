-- Newest first.
SELECT sealed, created_at, expires_at FROM webhook_secrets WHERE workspace = ?1 AND webhook = ?2 ORDER BY number DESC
