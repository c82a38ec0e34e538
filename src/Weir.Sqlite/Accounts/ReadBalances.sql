-- Balances whose periods end after a time; they are neighbours in the table.
SELECT meter, per, scope, scope_id, period_start, period_end, used, held
FROM balances WHERE workspace = ?1 AND account = ?2 AND period_end > ?3
