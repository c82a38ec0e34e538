-- By the host's key; there are few.
SELECT id, key, name, time_zone, created_at FROM workspaces WHERE $1 = 0 AND key = $2
