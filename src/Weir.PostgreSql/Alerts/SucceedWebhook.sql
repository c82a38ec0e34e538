-- When something was last delivered.
UPDATE webhooks SET last_success_at = $3 WHERE workspace = $1 AND id = $2
