-- What counts by now of each grant.
SELECT account, grant_number, sum(used), sum(held) FROM carried_grants
WHERE workspace = ?1 AND start_at <= (SELECT max(start_at) FROM ledger_starts WHERE workspace = ?1)
GROUP BY account, grant_number
