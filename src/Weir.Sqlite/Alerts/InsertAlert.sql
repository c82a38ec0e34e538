-- The same alert is raised once: the first stays.
INSERT INTO alerts (workspace, account, id, kind, period_end, raised_at, facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (workspace, id) DO NOTHING
