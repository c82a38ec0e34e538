-- Changes a row when the follower still stood where it is moved from ($3): nothing is done twice.
INSERT INTO checkpoints AS c (workspace, follower, seq) SELECT $1, $2, $4
WHERE $3 = 0 OR EXISTS (SELECT 1 FROM checkpoints WHERE workspace = $1 AND follower = $2)
ON CONFLICT (workspace, follower) DO UPDATE SET seq = excluded.seq WHERE c.seq = $3
