-- What a grant gave for use, without what returned: to entries from the ledger's start on, and what is carried of those before.
SELECT (
  coalesce((SELECT sum(used) FROM grant_draws WHERE workspace = $1 AND grant_number = $2 AND recorded_at >= (SELECT ledger_start())), 0)
  + coalesce((SELECT sum(used) FROM carried_grants WHERE workspace = $1 AND grant_number = $2 AND start_at <= (SELECT ledger_start())), 0))::bigint
