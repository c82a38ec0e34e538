-- The newest entry of a workspace.
SELECT coalesce((SELECT seq FROM events WHERE workspace = $1 ORDER BY seq DESC LIMIT 1), 0)
