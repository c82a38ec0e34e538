-- By their numbers and the times that ids have of them.
unnest($2, $3) u (seq, recorded_at)
CROSS JOIN LATERAL (SELECT * FROM events WHERE workspace = $1 AND seq = u.seq AND recorded_at = u.recorded_at LIMIT 1) e
