-- To forget them.
SELECT target, seq FROM deliveries WHERE workspace = ?1 AND finished_at < ?2 LIMIT ?3
