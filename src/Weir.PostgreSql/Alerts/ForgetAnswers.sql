-- Receivers may repeat to us what we told them of an account.
UPDATE delivery_attempts SET answer = NULL WHERE workspace = $1 AND answer IS NOT NULL
AND seq IN (SELECT seq FROM notifications WHERE workspace = $1 AND account = $2)
