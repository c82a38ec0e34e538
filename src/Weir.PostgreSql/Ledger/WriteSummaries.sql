-- The cells after the addition.
INSERT INTO summaries (workspace, dimension, bucket, account, type, value, events, failed, latency_ms, latency_count, amounts)
SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) u
ON CONFLICT (workspace, dimension, bucket, account, type, value) DO UPDATE
SET events = excluded.events, failed = excluded.failed, latency_ms = excluded.latency_ms, latency_count = excluded.latency_count, amounts = excluded.amounts
