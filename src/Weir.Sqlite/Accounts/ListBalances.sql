-- Open balances of all accounts of a page (?2) at once.
SELECT b.meter, b.per, b.scope, b.scope_id, b.period_start, b.period_end, b.used, b.held, b.account
FROM json_each(?2) j CROSS JOIN balances b ON b.workspace = ?1 AND b.account = j.value AND b.period_end > ?3
