-- Events and adjustments of a stretch of time (?2 to ?3): those that happened or were recorded in it, and those that something later in
-- it is about. Rows from ?4 on were recorded in it or after, below ?5 not so late that only an import can lie in it.
SELECT e.seq AS seq FROM events e
WHERE e.seq >= ?4 AND e.seq < ?5 AND e.workspace = ?1 AND e.kind IN (1, 3, 5)
  AND ((e.at >= ?2 AND e.at < ?3) OR (e.recorded_at >= ?2 AND e.recorded_at < ?3))
UNION
SELECT e.seq FROM events e
WHERE e.workspace = ?1 AND e.at >= ?2 AND e.at < ?3 AND (e.flags & 4) <> 0 AND e.kind IN (1, 3, 5)
UNION
SELECT l.target FROM events l
WHERE l.seq >= ?4 AND l.seq < ?6 AND l.workspace = ?1 AND l.kind IN (2, 4, 6) AND l.recorded_at >= ?2 AND l.recorded_at < ?3
ORDER BY 1
