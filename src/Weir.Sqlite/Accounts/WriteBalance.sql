-- The figures are absolute: written twice they are the same.
INSERT INTO balances (workspace, account, period_end, meter, per, scope, scope_id, period_start, used, held)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT DO UPDATE SET used = excluded.used, held = excluded.held
