-- How far the details have gone; one node at a time.
SELECT account, user_id, through FROM erasures WHERE workspace = $1 AND number = $2 AND ended_at IS NULL FOR UPDATE
