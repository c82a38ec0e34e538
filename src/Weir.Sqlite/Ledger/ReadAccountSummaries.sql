-- One account (?7): a look into each quarter of an hour, which is cheap, instead of the cells of all other accounts. The edges are cut
-- to what there is, so that open ends of time do not count for ever.
WITH RECURSIVE dimensions (name) AS (
  SELECT coalesce(?2, (SELECT min(dimension) FROM summaries WHERE workspace = ?1))
  UNION ALL
  SELECT (SELECT min(dimension) FROM summaries WHERE workspace = ?1 AND dimension > name) FROM dimensions WHERE ?2 IS NULL AND name IS NOT NULL
),
buckets (dimension, bucket, last) AS (
  SELECT name,
    (SELECT bucket FROM summaries WHERE workspace = ?1 AND dimension = name AND bucket >= ?3 AND bucket < ?4 ORDER BY bucket LIMIT 1),
    (SELECT bucket FROM summaries WHERE workspace = ?1 AND dimension = name AND bucket >= ?3 AND bucket < ?4 ORDER BY bucket DESC LIMIT 1)
  FROM dimensions
  UNION ALL
  SELECT dimension, bucket + ?8, last FROM buckets WHERE bucket < last
)
SELECT s.account, s.bucket, s.type, s.dimension, s.value, s.events, s.failed, s.latency_ms, s.latency_count, s.amounts
FROM buckets b CROSS JOIN summaries s ON s.workspace = ?1 AND s.dimension = b.dimension AND s.bucket = b.bucket AND s.account = ?7
WHERE (?5 IS NULL OR s.type IN (SELECT value FROM json_each(?5)))
  AND (?6 IS NULL OR s.value = ?6)
ORDER BY s.bucket
