-- The ids of entries (?1), which go with them.
SELECT e.id, e.seq FROM json_each(?1) j CROSS JOIN events e ON e.seq = j.value WHERE e.id IS NOT NULL
