-- What counts by now of each balance.
SELECT account, meter, per, scope, scope_id, period_start, sum(used)::bigint, sum(held)::bigint FROM carried_balances
WHERE workspace = $1 AND start_at <= (SELECT ledger_start())
GROUP BY account, meter, per, scope, scope_id, period_start
