-- Balances that have rows of their own.
SELECT meter, per, scope, scope_id, period_start, period_end, used, held, account FROM balances WHERE workspace = $1 ORDER BY account
