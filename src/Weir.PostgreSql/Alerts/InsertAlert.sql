-- The same alert is raised once: the first stays.
WITH counted AS (UPDATE workspace_state SET alerts = alerts + 1 WHERE workspace = $1 RETURNING alerts)
INSERT INTO alerts (workspace, number, account, id, kind, only_user, period_end, raised_at, facts)
SELECT $1, c.alerts, $2, $3, $4, $5, $6, $7, $8 FROM counted c
ON CONFLICT (workspace, id) DO NOTHING
