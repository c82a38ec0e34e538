-- They begin anew; their attempts go on counting.
UPDATE deliveries SET state = 0, tried_since = NULL, ready_at = $4, finished_at = NULL, claimed = false
WHERE workspace = $1 AND target = $2 AND seq = ANY ($3)
