-- Nothing of them can be read any more. The bytes go as PostgreSQL reuses its pages and its log.
UPDATE erasures SET ended_at = $3 WHERE workspace = $1 AND number = ANY ($2) AND ended_at IS NULL
