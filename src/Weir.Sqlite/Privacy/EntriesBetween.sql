-- Entries of a workspace after a number and below another, along the primary key.
SELECT seq FROM events WHERE workspace = ?1 AND seq > ?2 AND seq < ?3 ORDER BY seq LIMIT ?4
