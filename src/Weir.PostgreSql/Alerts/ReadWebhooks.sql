-- One, or with null all of a workspace in the order of their making.
SELECT id, url, description, types, disabled, disabled_at, created_at, last_success_at FROM webhooks
WHERE workspace = $1 AND ($2 IS NULL OR id = $2) ORDER BY created_at, id
