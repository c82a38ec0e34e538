-- How far the log has been summed.
SELECT summed_to FROM workspaces WHERE id = ?1
