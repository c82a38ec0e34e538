-- The first of an id stays. The workspace's row is locked from here to the commit, so that numbers rise in the order of commits.
WITH counted AS (UPDATE workspace_state SET notifications = notifications + $7 WHERE workspace = $1 RETURNING notifications - $7 AS before)
INSERT INTO notifications (workspace, seq, id, type, account, at, data)
SELECT $1, c.before + u.n, u.id, u.type, u.account, u.at, u.data
FROM counted c, unnest($2, $3, $4, $5, $6) WITH ORDINALITY u (id, type, account, at, data, n)
ON CONFLICT (workspace, id) DO NOTHING
