-- Along the index of plans; then the few accounts of which a planned change has acted by now ($2) are moved from the plan of their row to
-- the one that they have. Account 0 is the workspace itself.
WITH moved AS (
  SELECT a.plan AS was, (SELECT c ->> 'plan' FROM jsonb_array_elements(a.planned) WITH ORDINALITY x (c, n) WHERE (c ->> 'at')::bigint <= $2 ORDER BY n DESC LIMIT 1) AS now
  FROM accounts a WHERE a.workspace = $1 AND a.planned IS NOT NULL
)
SELECT plan, sum(accounts)::bigint FROM (
  SELECT plan, count(*) AS accounts FROM accounts WHERE workspace = $1 AND id <> 0 GROUP BY plan
  UNION ALL
  SELECT was, -1 FROM moved WHERE now IS NOT NULL
  UNION ALL
  SELECT now, 1 FROM moved WHERE now IS NOT NULL
) counted GROUP BY plan HAVING sum(accounts) > 0
