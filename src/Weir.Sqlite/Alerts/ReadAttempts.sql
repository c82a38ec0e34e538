-- Oldest first.
SELECT number, at, status, error, answer, took FROM delivery_attempts WHERE workspace = ?1 AND target = ?2 AND seq = ?3 ORDER BY number
