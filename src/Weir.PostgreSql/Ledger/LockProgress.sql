-- The same, and nobody adds until the transaction has ended.
SELECT seq, kept_to, kept_before FROM checkpoints WHERE workspace = $1 AND follower = $2 FOR UPDATE
