-- The same sums come again when a run before was cut short.
INSERT INTO carried_balances (workspace, start_at, account, meter, per, scope, scope_id, period_start, used, held)
SELECT $1, $2, u.* FROM unnest($3, $4, $5, $6, $7, $8, $9, $10) u ON CONFLICT DO NOTHING
