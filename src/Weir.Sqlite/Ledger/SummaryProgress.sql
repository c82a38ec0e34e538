-- How far the log has been summed, and what of the summaries was not made anew: cells before a time hold everything up to a number.
SELECT summed_to, kept_to, kept_before FROM workspaces WHERE id = ?1
