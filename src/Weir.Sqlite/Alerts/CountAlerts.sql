SELECT count(*), count(*) FILTER (WHERE read_at IS NULL) FROM alerts
WHERE workspace = ?1 AND resolved_at IS NULL AND period_end > ?3 AND (?2 IS NULL OR account = ?2)
  AND (?4 IS NULL OR coalesce(json_extract(facts, '$.scope'), 0) <> 1 OR coalesce(json_extract(facts, '$.scopeId'), 0) IN (0, ?4))
