-- Goes with the cells, which are made anew from the beginning. Locks out whoever adds just now.
INSERT INTO checkpoints (workspace, follower, seq) VALUES ($1, $2, 0) ON CONFLICT (workspace, follower) DO UPDATE SET seq = 0
