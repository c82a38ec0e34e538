-- Gives a row when the checkpoint still stood where the figures begin: no event is summed twice.
UPDATE workspaces SET summed_to = ?3 WHERE id = ?1 AND summed_to = ?2 RETURNING 1
