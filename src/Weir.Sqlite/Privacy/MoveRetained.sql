-- Retention has come this far.
INSERT INTO retained (workspace, through) VALUES (?1, ?2) ON CONFLICT (workspace) DO UPDATE SET through = excluded.through
