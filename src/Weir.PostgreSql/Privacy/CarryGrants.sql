-- The same sums come again when a run before was cut short.
INSERT INTO carried_grants (workspace, start_at, account, grant_number, used, held)
SELECT $1, $2, u.* FROM unnest($3, $4, $5, $6) u ON CONFLICT DO NOTHING
