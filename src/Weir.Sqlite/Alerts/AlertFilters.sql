-- ?3: how it stands at the time ?4: 0 raised, 1 resolved, 2 over by itself. ?9: not of users (scope 1) other than this one.
  AND (?3 IS NULL OR ?3 = CASE WHEN resolved_at IS NOT NULL THEN 1 WHEN period_end <= ?4 THEN 2 ELSE 0 END)
  AND (?5 = 0 OR read_at IS NULL)
  AND (?6 IS NULL OR kind = ?6)
  AND (?9 IS NULL OR coalesce(json_extract(facts, '$.scope'), 0) <> 1 OR coalesce(json_extract(facts, '$.scopeId'), 0) IN (0, ?9))
  AND number < ?7
ORDER BY number DESC LIMIT ?8
