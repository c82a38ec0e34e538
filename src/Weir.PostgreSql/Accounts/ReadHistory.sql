-- Balances by the start of their periods; a period ends after it starts.
SELECT meter, per, scope, scope_id, period_start, period_end, used, held
FROM balances
WHERE workspace = $1 AND account = $2 AND period_end > $3 AND period_start >= $3 AND period_start < $4
  AND ($5 IS NULL OR meter = $5) AND ($6 IS NULL OR per = $6)
