-- How far the details have gone.
SELECT account, user, through FROM erasures WHERE workspace = ?1 AND number = ?2 AND ended_at IS NULL
