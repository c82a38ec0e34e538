-- Balances of some accounts (?2) whose periods ended after one time and up to another; neighbours in the table, account by account.
SELECT b.meter, b.per, b.scope, b.scope_id, b.period_start, b.period_end, b.used, b.held, b.account
FROM json_each(?2) j CROSS JOIN balances b ON b.workspace = ?1 AND b.account = j.value AND b.period_end > ?3 AND b.period_end <= ?4
