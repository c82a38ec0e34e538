-- The first acknowledgement stays. Whoever acknowledges has read.
UPDATE alerts SET acknowledged_at = $4, acknowledged_by = $5, read_at = coalesce(read_at, $4)
WHERE workspace = $1 AND id = $3 AND account = $2 AND acknowledged_at IS NULL
