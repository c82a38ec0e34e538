-- The whole of what may be changed.
UPDATE webhooks SET url = $3, description = $4, types = $5, disabled = $6, disabled_at = $7 WHERE workspace = $1 AND id = $2
