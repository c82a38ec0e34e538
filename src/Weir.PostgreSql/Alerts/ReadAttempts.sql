-- Of some deliveries, oldest first.
SELECT seq, number, at, status, error, answer, took FROM delivery_attempts WHERE workspace = $1 AND target = $2 AND seq = ANY ($3) ORDER BY seq, number
