-- Heads with the host's keys of their accounts.
SELECT p.key, a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides, a.planned::text,
  a.former_plans, a.has_rows, a.figures
FROM account_profiles p JOIN accounts a ON a.workspace = p.workspace AND a.id = p.account
WHERE p.workspace = $1
{rows}
