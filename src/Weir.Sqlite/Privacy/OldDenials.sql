-- The next denials that were decided before a time (?2), the oldest first. Their times rise with their numbers, and the newest stays, from
-- which the writer goes on counting.
SELECT number, id FROM denials
WHERE workspace = ?1 AND recorded_at < ?2
  AND number < coalesce((SELECT number FROM denials WHERE recorded_at >= ?2 ORDER BY number LIMIT 1), (SELECT max(number) FROM denials))
ORDER BY number LIMIT ?3
