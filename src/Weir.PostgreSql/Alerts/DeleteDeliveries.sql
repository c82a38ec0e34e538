-- With their targets.
DELETE FROM deliveries WHERE workspace = $1 AND target = ANY ($2)
