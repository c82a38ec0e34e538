-- Begun and not ended.
SELECT number, account, user_id FROM erasures WHERE workspace = $1 AND ended_at IS NULL ORDER BY number
