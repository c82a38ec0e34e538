-- An account as pages show it, and the time.
SELECT p.key, p.name, p.external_ids, a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides, a.planned::text,
  a.former_plans, a.has_rows, a.figures, clock_micros($3)
FROM account_profiles p JOIN accounts a ON a.workspace = p.workspace AND a.id = p.account
WHERE p.workspace = $1 AND p.key = $2
