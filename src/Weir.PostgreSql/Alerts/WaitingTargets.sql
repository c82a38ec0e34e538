-- From target to target through the index of what is pending: the cost is the number of targets, not that of what waits for them.
WITH RECURSIVE waiting (target) AS (
  SELECT min(target) FROM deliveries WHERE workspace = $1 AND state = 0
  UNION ALL
  SELECT (SELECT min(d.target) FROM deliveries d WHERE d.workspace = $1 AND d.state = 0 AND d.target > w.target) FROM waiting w WHERE w.target IS NOT NULL
)
SELECT w.target, (SELECT min(d.ready_at) FROM deliveries d WHERE d.workspace = $1 AND d.state = 0 AND d.target = w.target) FROM waiting w WHERE w.target IS NOT NULL
ORDER BY w.target
