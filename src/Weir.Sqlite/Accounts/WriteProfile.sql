-- The profile from now on.
INSERT OR REPLACE INTO account_profiles (workspace, account, key, name, external_ids) VALUES (?1, ?2, ?3, ?4, ?5)
