-- To follow the ledger: numbers rise in the order of commits, so nothing appears later below what was read.
SELECT seq FROM events WHERE workspace = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3
