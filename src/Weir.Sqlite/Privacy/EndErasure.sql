-- No byte of it is left.
UPDATE erasures SET ended_at = ?3 WHERE workspace = ?1 AND number = ?2 AND ended_at IS NULL
