-- In the order of their making.
SELECT id, key, name, time_zone, created_at FROM workspaces ORDER BY id
