-- Numbers rise in the order of commits, so nothing appears later below what was read. The + keeps to the order of the numbers.
SELECT seq, id, type, account, at, data FROM notifications WHERE +workspace = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3
