-- Under the locks of the accounts, in a statement of its own: the first number of the transaction's rows, the clock, the version that is
-- active, and the workspace's own head.
SELECT begin_log($2), clock_micros($3), s.active_catalog, a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides, a.planned::text,
  a.former_plans, a.has_rows, a.figures
FROM workspace_state s JOIN accounts a ON a.workspace = s.workspace AND a.id = 0
WHERE s.workspace = $1
