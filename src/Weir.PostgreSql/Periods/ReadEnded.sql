-- Balances of some accounts whose periods ended after one time and up to another; neighbours in the index, account by account.
SELECT meter, per, scope, scope_id, period_start, period_end, used, held, account
FROM balances WHERE workspace = $1 AND account = ANY ($2) AND period_end > $3 AND period_end <= $4
