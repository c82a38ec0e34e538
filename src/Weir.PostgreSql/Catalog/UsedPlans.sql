-- Plans that accounts are on, or will be by a change that is planned. A row whose planned change has acted by now ($2) is not on the plan
-- that it says. Account 0 is the workspace itself.
SELECT plan FROM accounts WHERE workspace = $1 AND id <> 0
  AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(planned) c WHERE (c ->> 'at')::bigint <= $2)
UNION
SELECT c ->> 'plan' FROM accounts a, jsonb_array_elements(a.planned) WITH ORDINALITY x (c, n) WHERE a.workspace = $1 AND a.planned IS NOT NULL
  AND n >= coalesce((SELECT max(m) FROM jsonb_array_elements(a.planned) WITH ORDINALITY y (d, m) WHERE (d ->> 'at')::bigint <= $2), 0)
