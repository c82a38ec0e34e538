-- One page in the order of the keys. lower() changes ASCII letters only, which is what the search is defined by.
SELECT p.key, p.name, p.external_ids,
  a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides
FROM account_profiles p CROSS JOIN accounts a ON a.workspace = p.workspace AND a.id = p.account
WHERE p.workspace = ?1 AND p.key > ?2
  AND (?3 IS NULL OR a.plan = ?3)
  AND (?4 IS NULL OR instr(lower(p.key), lower(?4)) > 0 OR instr(lower(p.name), lower(?4)) > 0)
ORDER BY p.key LIMIT ?5
