-- Plans that accounts are on, or will be by a change that is planned. A row whose planned change has acted by now (?2) is not on the plan
-- that it says. Account 0 is the workspace itself.
SELECT plan FROM accounts WHERE workspace = ?1 AND id <> 0
  AND NOT EXISTS (SELECT 1 FROM json_each(planned) c WHERE json_extract(c.value, '$.at') <= ?2)
UNION
SELECT json_extract(c.value, '$.plan') FROM accounts a, json_each(a.planned) c WHERE a.workspace = ?1 AND a.planned IS NOT NULL
  AND c.key >= coalesce((SELECT max(d.key) FROM json_each(a.planned) d WHERE json_extract(d.value, '$.at') <= ?2), 0)
