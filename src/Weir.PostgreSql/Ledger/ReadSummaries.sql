-- Cells of a stretch of time ($3 to $4), in its order.
SELECT e.account, e.bucket, e.type, e.dimension, e.value, e.events, e.failed, e.latency_ms, e.latency_count, e.amounts
FROM summaries e
WHERE e.workspace = $1 AND ($2 IS NULL OR e.dimension = $2) AND e.bucket >= $3 AND e.bucket < $4 AND ($5 IS NULL OR e.type = ANY ($5)) AND ($6 IS NULL OR e.value = $6)
{rows}
ORDER BY e.bucket
