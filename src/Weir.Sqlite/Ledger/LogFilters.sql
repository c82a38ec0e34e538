-- The filters of the log, the same for every way to its rows; what became of an entry has no row of its own. What a completion or a commit says of model and status stands before what was known
-- when the call was admitted. ?9 and ?10: the time at which it happened. Of what was recorded
-- before the ledger's start only some still stands: the log begins there.
  AND e.workspace = ?1
  AND e.recorded_at >= coalesce((SELECT max(start_at) FROM ledger_starts WHERE workspace = ?1), -9223372036854775808)
  AND e.kind NOT IN (4, 6, 7, 8, 9)
  AND (?4 IS NULL OR e.type = ?4)
  AND (?5 IS NULL OR EXISTS (SELECT 1 FROM event_details d WHERE d.seq = e.seq AND d.user = ?5))
  AND (?6 IS NULL OR EXISTS (SELECT 1 FROM event_details d WHERE d.seq = e.seq AND d.campaign = ?6))
  AND (?7 IS NULL OR ?7 = coalesce((SELECT l.model FROM events l WHERE l.target = e.seq AND l.kind IN (4, 6)), e.model))
  AND (?8 IS NULL OR ?8 = coalesce((SELECT l.status FROM events l WHERE l.target = e.seq AND l.kind IN (4, 6)), e.status))
  AND (?9 IS NULL OR e.at >= ?9)
  AND (?10 IS NULL OR e.at < ?10)
