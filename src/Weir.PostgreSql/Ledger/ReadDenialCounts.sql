-- In a stretch of time, of one account or of all.
SELECT account, bucket, type, refusal, count FROM denial_counts
WHERE workspace = $1 AND bucket >= $2 AND bucket < $3 AND ($4 IS NULL OR account = $4)
ORDER BY bucket, account, type, refusal
