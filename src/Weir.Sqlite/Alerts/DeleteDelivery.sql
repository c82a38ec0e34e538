-- One that is over.
DELETE FROM deliveries WHERE workspace = ?1 AND target = ?2 AND seq = ?3
