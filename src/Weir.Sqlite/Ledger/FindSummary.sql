-- What a cell holds before more is added.
SELECT events, failed, latency_ms, latency_count, amounts FROM summaries
WHERE workspace = ?1 AND dimension = ?2 AND bucket = ?3 AND account = ?4 AND type = ?5 AND value = ?6
