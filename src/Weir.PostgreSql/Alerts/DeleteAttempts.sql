-- With their targets.
DELETE FROM delivery_attempts WHERE workspace = $1 AND target = ANY ($2)
