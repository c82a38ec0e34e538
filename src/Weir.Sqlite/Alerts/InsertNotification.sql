-- The first of an id stays.
INSERT INTO notifications (workspace, id, type, account, at, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (workspace, id) DO NOTHING
