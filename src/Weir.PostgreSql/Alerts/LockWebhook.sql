-- Its changes follow one another.
SELECT 1 FROM webhooks WHERE workspace = $1 AND id = $2 FOR UPDATE
