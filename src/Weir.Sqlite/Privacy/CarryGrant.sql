-- The same sum comes again when a run before was cut short.
INSERT INTO carried_grants (workspace, start_at, account, grant_number, used, held) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING
