-- Goes with the cells, which are made anew from the beginning; says what the cells that stay hold. Locks out whoever adds just now.
INSERT INTO checkpoints (workspace, follower, seq, kept_to, kept_before) VALUES ($1, $2, 0, $3, $4)
ON CONFLICT (workspace, follower) DO UPDATE SET seq = 0, kept_to = $3, kept_before = $4
