-- Heads when they are made. Ids are random: one that exists by chance fails loudly instead of taking the other's place.
INSERT INTO accounts (workspace, id, version, created_at, decided_at, first_live_event_at, plan, pinned_version, suspended, timeline, overrides, planned, former_plans)
SELECT $1, u.id, u.version, u.created_at, u.decided_at, u.first_live, u.plan, u.pinned, u.suspended, u.timeline, u.overrides, u.planned::jsonb, u.former
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) u (id, version, created_at, decided_at, first_live, plan, pinned, suspended, timeline, overrides, planned, former)
