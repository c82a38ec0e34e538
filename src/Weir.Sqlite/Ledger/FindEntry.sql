-- Whether a row has this very id, and what was asked for under it.
SELECT fingerprint FROM events WHERE seq = ?1 AND workspace = ?2 AND id = ?3
