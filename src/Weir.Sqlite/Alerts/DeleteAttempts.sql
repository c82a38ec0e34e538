-- With their target.
DELETE FROM delivery_attempts WHERE workspace = ?1 AND target = ?2
