-- The first summary of a period stays.
INSERT INTO closings (
  workspace, account, period_end, meter, per, scope, scope_id, period_start, scale, plan, catalog, limit_units, enforcement, granted, used, overage_rate, closed_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
ON CONFLICT DO NOTHING RETURNING 1
