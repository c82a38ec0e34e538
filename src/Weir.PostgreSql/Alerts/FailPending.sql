-- What waits for a webhook that is switched off.
UPDATE deliveries SET state = 2, ready_at = NULL, finished_at = $3, claimed = false WHERE workspace = $1 AND target = $2 AND state = 0
