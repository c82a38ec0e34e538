-- After what hangs on it.
DELETE FROM webhooks WHERE workspace = $1 AND id = $2
