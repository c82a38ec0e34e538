-- The longest ready first; what another node is about to take is left to it.
SELECT seq FROM deliveries WHERE workspace = $1 AND target = $2 AND state = 0 AND ready_at <= $3 ORDER BY ready_at, seq LIMIT $4 FOR UPDATE SKIP LOCKED
