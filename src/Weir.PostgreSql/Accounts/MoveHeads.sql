-- What every decision moves, if the head still has the version that was decided from.
UPDATE accounts a SET version = u.version, decided_at = u.decided_at, first_live_event_at = u.first_live, has_rows = u.has_rows, figures = u.figures
FROM (SELECT unnest($2) AS id, unnest($3) AS expected, unnest($4) AS version, unnest($5) AS decided_at, unnest($6) AS first_live, unnest($7) AS has_rows, unnest($8) AS figures) u
WHERE a.workspace = $1 AND a.id = u.id AND a.version = u.expected
