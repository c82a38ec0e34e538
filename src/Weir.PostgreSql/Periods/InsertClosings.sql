-- The first summary of a period stays. In the order of their keys, for two that close at once.
INSERT INTO closings (
  workspace, account, period_end, meter, per, scope, scope_id, period_start, scale, plan, catalog, limit_units, enforcement, granted, used, overage_rate, closed_at)
SELECT $1, u.*, $17 FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  u (account, period_end, meter, per, scope, scope_id, period_start, scale, plan, catalog, limit_units, enforcement, granted, used, overage_rate)
ORDER BY u.account, u.period_end, u.meter COLLATE "C", u.per, u.scope, u.scope_id, u.period_start
ON CONFLICT DO NOTHING
