-- Balances of an account by what they are known by. The last array lies just below the ends of their periods at the earliest, which is
-- where the search may begin.
SELECT b.meter, b.per, b.scope, b.scope_id, b.period_start, b.period_end, b.used, b.held
FROM unnest($3, $4, $5, $6, $7, $8) u (meter, per, scope, scope_id, period_start, after)
JOIN balances b ON b.workspace = $1 AND b.account = $2 AND b.period_end > u.after AND b.period_start = u.period_start AND b.meter = u.meter AND b.per = u.per
  AND b.scope = u.scope AND b.scope_id = u.scope_id
