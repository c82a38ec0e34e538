-- Changes a row when the delivery is still at this attempt: neither claimed by another nor asked for anew.
UPDATE deliveries SET state = $5, ready_at = $6, finished_at = $7, claimed = false
WHERE workspace = $1 AND target = $2 AND seq = $3 AND attempts = $4 AND state = 0 AND claimed
