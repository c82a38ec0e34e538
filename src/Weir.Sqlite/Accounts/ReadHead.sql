-- A head by its number.
SELECT id, version, created_at, decided_at, first_live_event_at, plan, pinned_version, suspended, timeline, overrides, planned, former_plans
FROM accounts WHERE workspace = ?1 AND id = ?2
