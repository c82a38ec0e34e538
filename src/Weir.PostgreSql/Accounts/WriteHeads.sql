-- The whole head, when its plan, its times or its limits change.
UPDATE accounts a SET version = u.version, decided_at = u.decided_at, first_live_event_at = u.first_live, has_rows = u.has_rows, figures = u.figures,
  plan = u.plan, pinned_version = u.pinned, suspended = u.suspended, timeline = u.timeline, overrides = u.overrides, planned = u.planned::jsonb, former_plans = u.former, created_at = u.created_at
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  u (id, expected, version, decided_at, first_live, has_rows, figures, plan, pinned, suspended, timeline, overrides, planned, former, created_at)
WHERE a.workspace = $1 AND a.id = u.id AND a.version = u.expected
