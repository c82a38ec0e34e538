-- Gives the accounts that were not there; in the order of the keys, so that makers of the same accounts wait and do not deadlock.
INSERT INTO account_profiles (workspace, account, key, name, external_ids)
SELECT $1, u.account, u.key, u.name, u.external_ids FROM unnest($2, $3, $4, $5) u (account, key, name, external_ids) ORDER BY u.key
ON CONFLICT DO NOTHING RETURNING account
