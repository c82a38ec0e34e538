-- Whether an account has been erased.
SELECT 1 FROM erasures WHERE workspace = $1 AND account = $2 AND user_id IS NULL LIMIT 1
