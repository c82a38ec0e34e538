-- Of many the oldest go.
DELETE FROM delivery_attempts WHERE workspace = $1 AND target = $2 AND seq = $3 AND number NOT IN (
  SELECT number FROM delivery_attempts WHERE workspace = $1 AND target = $2 AND seq = $3 ORDER BY number DESC LIMIT $4)
