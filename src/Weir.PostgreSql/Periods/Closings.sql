-- Closing summaries, a page at a time.
SELECT meter, per, scope, scope_id, period_start, period_end, scale, plan, catalog, limit_units, enforcement, granted, used, overage_rate, closed_at
FROM closings WHERE workspace = $1 AND account = $2
{rows}
