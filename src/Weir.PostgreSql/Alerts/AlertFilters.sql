-- $2: how it stands at the time $3: 0 raised, 1 resolved, 2 over by itself. $8: not of other users than this one.
AND ($2 IS NULL OR $2 = CASE WHEN resolved_at IS NOT NULL THEN 1 WHEN period_end <= $3 THEN 2 ELSE 0 END)
AND (NOT $4 OR read_at IS NULL)
AND ($5 IS NULL OR kind = $5)
AND number < $6
AND ($8 IS NULL OR only_user IS NULL OR only_user = $8)
ORDER BY number DESC LIMIT $7
