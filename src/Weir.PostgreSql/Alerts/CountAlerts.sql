-- Those that stand, and of them those that nobody has read.
SELECT count(*), count(*) FILTER (WHERE read_at IS NULL) FROM alerts
WHERE workspace = $1 AND resolved_at IS NULL AND period_end > $3 AND ($2 IS NULL OR account = $2) AND ($4 IS NULL OR only_user IS NULL OR only_user = $4)
