-- The whole head, when an operator changes it.
INSERT OR REPLACE INTO accounts (
  workspace, id, version, created_at, decided_at, first_live_event_at, plan, pinned_version, suspended, timeline, overrides, planned, former_plans)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
