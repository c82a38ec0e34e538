-- How far the log has been summed, and what of the summaries was not made anew: cells before a time hold everything up to a number.
SELECT seq, kept_to, kept_before FROM checkpoints WHERE workspace = $1 AND follower = $2
