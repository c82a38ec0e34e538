-- The window as a whole: it is small and changes as a whole.
INSERT INTO rates (workspace, account, scope, scope_id, name, length, newest, counts, empty_at)
SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9) u
ON CONFLICT (workspace, account, scope, scope_id, name) DO UPDATE
SET length = excluded.length, newest = excluded.newest, counts = excluded.counts, empty_at = excluded.empty_at
