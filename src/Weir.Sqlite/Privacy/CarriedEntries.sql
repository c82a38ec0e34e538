-- Entries that may go: recorded before the start (?4), between two numbers (?2, ?3). What they belong to, the entry that they are about or
-- they themselves, is neither an open reservation (kind 1 of the parts of states) nor a grant that an account has (3), has nothing after it
-- that is not carried, and is not that of the newest entry (?5).
SELECT e.seq FROM events e
WHERE e.workspace = ?1 AND e.seq > ?2 AND e.seq < ?3 AND e.recorded_at < ?4
  AND coalesce(e.target, e.seq) <> ?5
  AND NOT EXISTS (SELECT 1 FROM account_parts p WHERE p.workspace = ?1 AND p.account IN (e.account, 0) AND p.kind IN (1, 3) AND p.number = coalesce(e.target, e.seq))
  AND NOT EXISTS (SELECT 1 FROM events l WHERE l.target = coalesce(e.target, e.seq) AND l.recorded_at >= ?4)
ORDER BY e.seq LIMIT ?6
