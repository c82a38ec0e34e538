-- The same sum comes again when a run before was cut short.
INSERT INTO carried_balances (workspace, start_at, account, meter, per, scope, scope_id, period_start, used, held)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING
