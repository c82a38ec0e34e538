-- A follower that has never moved stands at 0.
SELECT coalesce((SELECT seq FROM checkpoints WHERE workspace = $1 AND follower = $2), 0)
