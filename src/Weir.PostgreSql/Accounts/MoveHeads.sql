-- What every decision moves, if the head still has the version that was decided from.
UPDATE accounts a SET version = u.version, decided_at = u.decided_at, first_live_event_at = u.first_live, has_rows = u.has_rows, figures = u.figures
FROM unnest($2, $3, $4, $5, $6, $7, $8) u (id, expected, version, decided_at, first_live, has_rows, figures)
WHERE a.workspace = $1 AND a.id = u.id AND a.version = u.expected
