-- Entries that were recorded from one time (?4) to before another (?5), between the numbers among which they lie (?2, ?3).
SELECT seq FROM events WHERE workspace = ?1 AND seq > ?2 AND seq < ?3 AND recorded_at >= ?4 AND recorded_at < ?5 ORDER BY seq LIMIT ?6
