-- Rates that still count, of all accounts of a page (?2) at once.
SELECT r.scope, r.scope_id, r.name, r.length, r.newest, r.counts, r.account
FROM json_each(?2) j CROSS JOIN rates r ON r.workspace = ?1 AND r.account = j.value AND r.empty_at > ?3
