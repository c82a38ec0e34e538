-- The head of the workspace's own limits.
SELECT a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides, a.planned::text,
  a.former_plans, a.has_rows, a.figures
FROM accounts a WHERE a.workspace = $1 AND a.id = 0
