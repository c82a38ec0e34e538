-- The figures are absolute.
INSERT INTO balances (workspace, account, period_end, meter, per, scope, scope_id, period_start, used, held)
SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10) u
ON CONFLICT (workspace, account, period_end, meter, per, scope, scope_id, period_start) DO UPDATE SET used = excluded.used, held = excluded.held
