-- Of entries that were recorded before a time ($2), the oldest first, chosen once. What has gone is not looked at again.
WITH old AS MATERIALIZED (
  SELECT seq, recorded_at FROM event_details WHERE workspace = $1 AND recorded_at < $2 ORDER BY seq LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM event_details d USING old o WHERE d.workspace = $1 AND d.seq = o.seq AND d.recorded_at = o.recorded_at
