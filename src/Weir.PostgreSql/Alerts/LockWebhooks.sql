-- Until the commit nobody else makes a webhook in the workspace.
SELECT pg_advisory_xact_lock(22377, $1)
