-- Goes with the cells; says what the others hold.
UPDATE workspaces SET summed_to = 0, kept_to = ?2, kept_before = ?3 WHERE id = ?1
