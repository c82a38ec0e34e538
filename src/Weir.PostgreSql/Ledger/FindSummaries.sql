-- What cells hold before more is added.
SELECT s.account, s.bucket, s.type, s.dimension, s.value, s.events, s.failed, s.latency_ms, s.latency_count, s.amounts
FROM unnest($2, $3, $4, $5, $6) u (dimension, bucket, account, type, value)
JOIN summaries s ON s.workspace = $1 AND s.dimension = u.dimension AND s.bucket = u.bucket AND s.account = u.account AND s.type = u.type AND s.value = u.value
