-- Numbers rise in the order of commits, so nothing appears later below what was read.
SELECT seq, id, type, account, at, data FROM notifications WHERE workspace = $1 AND seq > $2 ORDER BY seq LIMIT $3
