-- For readers of a file that another process writes: events that are not in the index of accounts yet.
SELECT seq FROM events WHERE seq >= ?3 AND workspace = ?1 AND account = ?2
