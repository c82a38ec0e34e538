-- What the runtime role may do, after every migration: it owns nothing, it appends to the ledger, the audit log and the ids, and it can
-- change neither the schema nor what stands written.
GRANT USAGE ON SCHEMA weir TO {runtime};
REVOKE ALL ON ALL TABLES IN SCHEMA weir FROM {runtime};
GRANT SELECT ON migrations TO {runtime};
GRANT SELECT, INSERT ON workspaces, events, audit, ids, catalog_versions, used_meters, closings, grant_draws, carried_balances, carried_grants, ledger_starts TO {runtime};
GRANT SELECT, INSERT, DELETE ON notifications TO {runtime};
GRANT UPDATE (document) ON catalog_versions TO {runtime};
GRANT SELECT, INSERT, UPDATE, DELETE ON
  event_details, erasures, workspace_state, api_keys, portal_tokens, accounts, account_profiles, aliases, balances, rates, account_parts, denial_counts, summaries,
  checkpoints, scheduled_jobs, webhooks, webhook_secrets, contacts, deliveries, delivery_attempts, alerts, slot_tickets TO {runtime};
GRANT SELECT, USAGE, UPDATE ON log_numbers TO {runtime};
GRANT EXECUTE ON FUNCTION make_month(bigint), prune_ids(bigint, integer), prune_carried(bigint, bigint, integer), drop_month(bigint) TO {runtime}
