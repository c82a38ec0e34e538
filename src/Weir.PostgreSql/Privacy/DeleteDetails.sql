-- Of entries by their numbers and the times that name their partitions.
DELETE FROM event_details d USING unnest($2, $3) u (seq, recorded_at) WHERE d.workspace = $1 AND d.seq = u.seq AND d.recorded_at = u.recorded_at
