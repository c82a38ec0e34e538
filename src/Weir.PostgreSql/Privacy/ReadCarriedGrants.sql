-- What counts by now of each grant.
SELECT account, grant_number, sum(used)::bigint, sum(held)::bigint FROM carried_grants
WHERE workspace = $1 AND start_at <= (SELECT ledger_start())
GROUP BY account, grant_number
