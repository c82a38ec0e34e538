-- What counts by now of each balance.
SELECT account, meter, per, scope, scope_id, period_start, sum(used), sum(held) FROM carried_balances
WHERE workspace = ?1 AND start_at <= (SELECT max(start_at) FROM ledger_starts WHERE workspace = ?1)
GROUP BY account, meter, per, scope, scope_id, period_start
