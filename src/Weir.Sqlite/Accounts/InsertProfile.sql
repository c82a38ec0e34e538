-- An account that exists by now was looked for before; its key and its number are unique.
INSERT INTO account_profiles (workspace, account, key, name, external_ids) VALUES (?1, ?2, ?3, ?4, ?5)
