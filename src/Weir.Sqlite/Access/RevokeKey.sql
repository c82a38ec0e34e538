-- The time of the first revocation stands. Gives a row when there is such a key.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE workspace = ?1 AND id = ?2 RETURNING 1
