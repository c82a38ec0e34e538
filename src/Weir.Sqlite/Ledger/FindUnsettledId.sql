-- For readers of a file that another process writes: ids that are not in their table yet.
SELECT seq FROM events WHERE seq >= ?3 AND workspace = ?1 AND id = ?2
