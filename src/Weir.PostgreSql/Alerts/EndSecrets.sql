-- Those that end earlier keep their end.
UPDATE webhook_secrets SET expires_at = least(coalesce(expires_at, $3), $3) WHERE workspace = $1 AND webhook = $2
