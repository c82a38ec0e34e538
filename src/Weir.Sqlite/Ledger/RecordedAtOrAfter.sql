-- One step of the search for a time in the ledger: the first row of the workspace from a number on.
SELECT seq, recorded_at FROM events WHERE seq >= ?2 AND workspace = ?1 ORDER BY seq LIMIT 1
