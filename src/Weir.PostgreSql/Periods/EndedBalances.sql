-- Balances of periods that are over, a page at a time.
SELECT meter, per, scope, scope_id, period_start, period_end, used, held FROM balances WHERE workspace = $1 AND account = $2
{rows}
