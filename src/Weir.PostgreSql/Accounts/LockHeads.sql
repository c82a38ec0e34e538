-- Heads with the host's keys of their accounts, locked one after the other in the order of their numbers, so that transactions with several
-- accounts do not deadlock. A head that had to be waited for is given as the other transaction has left it. Each key is one search in the
-- index, whatever the planner believes: a plan may have been made when there were hardly any accounts.
SELECT p.key, a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides, a.planned::text,
  a.former_plans, a.has_rows, a.figures
FROM unnest($2) u (key)
CROSS JOIN LATERAL (SELECT key, account FROM account_profiles WHERE workspace = $1 AND key = u.key LIMIT 1) p
JOIN accounts a ON a.workspace = $1 AND a.id = p.account
ORDER BY a.id FOR UPDATE OF a
