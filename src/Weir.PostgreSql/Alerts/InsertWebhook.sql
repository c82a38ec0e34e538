-- Inserts no row when the workspace has as many as it may have.
INSERT INTO webhooks (workspace, id, url, description, types, created_at)
SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM webhooks WHERE workspace = $1) < $7
ON CONFLICT DO NOTHING
