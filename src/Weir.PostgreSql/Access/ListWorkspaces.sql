-- In the order of their making.
SELECT id, key, name, time_zone, created_at FROM workspaces WHERE $1 = 0 ORDER BY id
