-- What came after entries, at the earliest when the first of those was recorded.
unnest($2) u (target)
CROSS JOIN LATERAL (SELECT * FROM events WHERE workspace = $1 AND target = u.target AND recorded_at >= $3 OFFSET 0) e
