-- Entries that drew of a grant (?2) or returned to it, after a number (?3).
SELECT seq FROM grant_draws WHERE workspace = ?1 AND grant_number = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4
