-- The version under which a transaction decides.
SELECT active_catalog FROM workspaces WHERE id = ?1
