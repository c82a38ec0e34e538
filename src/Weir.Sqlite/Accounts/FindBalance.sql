-- One balance by what it is known by. ?8 lies just below its period's end at the earliest, which is where the search may begin.
SELECT meter, per, scope, scope_id, period_start, period_end, used, held
FROM balances
WHERE workspace = ?1 AND account = ?2 AND period_end > ?8 AND period_start = ?3 AND meter = ?4 AND per = ?5 AND scope = ?6 AND scope_id = ?7
LIMIT 1
