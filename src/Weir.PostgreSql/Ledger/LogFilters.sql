-- The filters of the log; what became of an entry has no row of its own. What a completion or a commit says of model and status stands
-- before what was known when the call was admitted. $9 and $10: the time at which it happened; $12: what leaves older partitions out. Of what was
-- recorded before the ledger's start only some still stands: the log begins there.
  AND e.recorded_at >= (SELECT ledger_start())
  AND e.kind NOT IN (4, 6, 7, 8, 9)
  AND ($4 IS NULL OR e.type = $4)
  AND ($5 IS NULL OR d.user_name = $5)
  AND ($6 IS NULL OR d.campaign = $6)
  AND ($7 IS NULL OR $7 = coalesce((SELECT l.model FROM events l WHERE l.workspace = $1 AND l.target = e.seq AND l.kind IN (4, 6) ORDER BY l.seq LIMIT 1), e.model))
  AND ($8 IS NULL OR $8 = coalesce((SELECT l.status FROM events l WHERE l.workspace = $1 AND l.target = e.seq AND l.kind IN (4, 6) ORDER BY l.seq LIMIT 1), e.status))
  AND ($9 IS NULL OR e.at >= $9)
  AND ($10 IS NULL OR e.at < $10)
  AND ($12 IS NULL OR e.recorded_at >= $12)
