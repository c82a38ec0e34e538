-- Which entries moved which grants.
INSERT INTO grant_draws (workspace, grant_number, seq, recorded_at, used, held) SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6) u
