-- It begins anew; its attempts go on counting. Gives a row when there is one.
UPDATE deliveries SET state = 0, tried_since = NULL, ready_at = ?4, finished_at = NULL, claimed = 0
WHERE workspace = ?1 AND target = ?2 AND seq = ?3 RETURNING 1
