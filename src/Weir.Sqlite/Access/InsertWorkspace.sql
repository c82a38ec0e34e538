-- Gives no row when the key is taken.
INSERT INTO workspaces (key, name, time_zone, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING RETURNING id
