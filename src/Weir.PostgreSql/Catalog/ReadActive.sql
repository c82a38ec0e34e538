-- The version under which requests are rated.
SELECT active_catalog FROM workspace_state WHERE workspace = $1
