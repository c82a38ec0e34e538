-- Whoever brings a new version waits for the one before.
SELECT active_catalog FROM workspace_state WHERE workspace = $1 FOR UPDATE
