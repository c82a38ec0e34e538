-- May come a second time when the journal of an earlier run is worked off again.
INSERT INTO account_events (workspace, account, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
