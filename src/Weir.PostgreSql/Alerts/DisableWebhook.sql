-- Changes a row when it was enabled, and nothing was delivered since $5.
UPDATE webhooks SET disabled = $3, disabled_at = $4
WHERE workspace = $1 AND id = $2 AND disabled IS NULL AND ($5 IS NULL OR last_success_at IS NULL OR last_success_at < $5)
