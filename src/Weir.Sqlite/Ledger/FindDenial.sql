-- Whether a denial has this very id, and what was answered.
SELECT fingerprint, answer FROM denials WHERE number = ?1 AND workspace = ?2 AND id = ?3
