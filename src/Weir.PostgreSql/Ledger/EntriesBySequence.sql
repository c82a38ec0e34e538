-- By their numbers.
unnest($2) u (seq)
CROSS JOIN LATERAL (SELECT * FROM events WHERE workspace = $1 AND seq = u.seq LIMIT 1) e
