-- The profiles from now on.
INSERT INTO account_profiles (workspace, account, key, name, external_ids)
SELECT $1, u.* FROM unnest($2, $3, $4, $5) u
ON CONFLICT (workspace, account) DO UPDATE SET key = excluded.key, name = excluded.name, external_ids = excluded.external_ids
