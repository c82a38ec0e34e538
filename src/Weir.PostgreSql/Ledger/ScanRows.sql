-- Events and adjustments of a stretch of time ($2 to $3): those that happened or were recorded in it, and those that something later in it
-- is about. What was recorded from $4 on and before $5 can lie in it; only imports (4 in their flags) lie any time before.
SELECT e.seq FROM events e
WHERE e.workspace = $1 AND e.recorded_at >= $4 AND e.recorded_at < $5 AND e.kind IN (1, 3, 5)
  AND ((e.at >= $2 AND e.at < $3) OR (e.recorded_at >= $2 AND e.recorded_at < $3))
{rows}
UNION
SELECT e.seq FROM events e
WHERE e.workspace = $1 AND e.at >= $2 AND e.at < $3 AND (e.flags & 4) <> 0 AND e.kind IN (1, 3, 5)
{rows}
UNION
SELECT e.target FROM events e
WHERE e.workspace = $1 AND e.kind IN (2, 4, 6) AND e.recorded_at >= $2 AND e.recorded_at < $3
{rows}
ORDER BY 1
