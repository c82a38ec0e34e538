-- Oldest first, from a number that was seen.
SELECT number, at, actor, actor_name, action, target, before, after, previous, hash
FROM audit
WHERE workspace = $1
  AND ($2 IS NULL OR number > $2)
  AND ($3 IS NULL OR action = $3)
  AND ($4 IS NULL OR target = $4)
  AND ($5 IS NULL OR actor = $5)
  AND ($6 IS NULL OR at >= $6)
  AND ($7 IS NULL OR at < $7)
ORDER BY number ASC
LIMIT $8
