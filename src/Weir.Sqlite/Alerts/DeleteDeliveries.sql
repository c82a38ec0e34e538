-- With their target.
DELETE FROM deliveries WHERE workspace = ?1 AND target = ?2
