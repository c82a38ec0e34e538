-- The events of one account (?12) between two numbers (?2, ?3), in the order of its index.
SELECT a.seq AS seq FROM account_events a CROSS JOIN events e ON e.seq = a.seq
WHERE a.workspace = ?1 AND a.account = ?12 AND a.seq > ?2 AND a.seq < ?3
{filters}
ORDER BY a.seq {direction} LIMIT ?11
