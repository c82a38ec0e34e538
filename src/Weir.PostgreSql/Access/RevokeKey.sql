-- The time of the first revocation stands. Changes a row when this is it.
UPDATE api_keys SET revoked_at = $3 WHERE workspace = $1 AND id = $2 AND revoked_at IS NULL
