-- All accounts of a stretch of time (?3 to ?4): neighbours, as buckets stand before accounts in the key. Without a dimension (?2) each
-- one is looked up in turn; there are few.
WITH RECURSIVE dimensions (name) AS (
  SELECT coalesce(?2, (SELECT min(dimension) FROM summaries WHERE workspace = ?1))
  UNION ALL
  SELECT (SELECT min(dimension) FROM summaries WHERE workspace = ?1 AND dimension > name) FROM dimensions WHERE ?2 IS NULL AND name IS NOT NULL
)
SELECT s.account, s.bucket, s.type, s.dimension, s.value, s.events, s.failed, s.latency_ms, s.latency_count, s.amounts
FROM dimensions d CROSS JOIN summaries s ON s.workspace = ?1 AND s.dimension = d.name AND s.bucket >= ?3 AND s.bucket < ?4
WHERE (?5 IS NULL OR s.type IN (SELECT value FROM json_each(?5)))
  AND (?6 IS NULL OR s.value = ?6)
ORDER BY s.bucket
