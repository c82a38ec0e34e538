-- Goes with the cells.
UPDATE workspaces SET summed_to = 0 WHERE id = ?1
