-- Of one delivery.
DELETE FROM delivery_attempts WHERE workspace = ?1 AND target = ?2 AND seq = ?3
