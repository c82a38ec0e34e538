-- Alerts of a workspace; which ones stands in a file of its own.
SELECT number, id, kind, account, period_end, raised_at, resolved_at, resolution, read_at, acknowledged_at, acknowledged_by, facts FROM alerts
WHERE workspace = $1
{rows}
