-- A stretch of the ledger (?2 to ?3).
SELECT seq FROM events WHERE workspace = ?1 AND seq >= ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4
