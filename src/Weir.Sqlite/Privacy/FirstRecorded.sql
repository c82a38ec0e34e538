-- The first entry that is not carried: from a number on (?2), below which everything was recorded before the start (?3).
SELECT recorded_at FROM events WHERE workspace = ?1 AND seq >= ?2 AND recorded_at >= ?3 ORDER BY seq LIMIT 1
