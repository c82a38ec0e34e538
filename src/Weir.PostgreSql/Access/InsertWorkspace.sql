-- Gives no row when the key is taken.
INSERT INTO workspaces (key, name, time_zone, created_at) SELECT $2, $3, $4, $5 WHERE $1 = 0
ON CONFLICT (key) DO NOTHING RETURNING id, key, name, time_zone, created_at
