-- One that stands.
UPDATE alerts SET resolved_at = $3, resolution = $4 WHERE workspace = $1 AND id = $2 AND resolved_at IS NULL
