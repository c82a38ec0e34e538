-- May come a second time when the journal of an earlier run is worked off again.
INSERT INTO ids (workspace, hash, reference) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
