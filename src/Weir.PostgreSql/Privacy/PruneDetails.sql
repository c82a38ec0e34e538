-- Of entries that were recorded before a time ($2), the oldest first. What has gone is not looked at again.
DELETE FROM event_details d USING (
  SELECT seq, recorded_at FROM event_details WHERE workspace = $1 AND recorded_at < $2 ORDER BY seq LIMIT $3 FOR UPDATE SKIP LOCKED) o
WHERE d.workspace = $1 AND d.seq = o.seq AND d.recorded_at = o.recorded_at
