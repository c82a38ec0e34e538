-- Of some accounts those whose periods end after a time; they are neighbours in the index.
SELECT meter, per, scope, scope_id, period_start, period_end, used, held, account
FROM balances WHERE workspace = $1 AND account = ANY ($2) AND period_end > $3
