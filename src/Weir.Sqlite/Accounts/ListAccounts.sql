-- One page in the order of the keys. lower() changes ASCII letters only, which is what the search is defined by. A planned change that
-- has acted by now (?6) says the plan; ?7 are the accounts that are pinned, or will be, to another catalog version than that.
SELECT p.key, p.name, p.external_ids,
  a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides, a.planned, a.former_plans
FROM account_profiles p CROSS JOIN accounts a ON a.workspace = p.workspace AND a.id = p.account
WHERE p.workspace = ?1 AND p.key > ?2
  AND (?3 IS NULL OR ?3 = coalesce((SELECT json_extract(c.value, '$.plan') FROM json_each(a.planned) c WHERE json_extract(c.value, '$.at') <= ?6 ORDER BY c.key DESC LIMIT 1), a.plan))
  AND (?4 IS NULL OR instr(lower(p.key), lower(?4)) > 0 OR instr(lower(p.name), lower(?4)) > 0)
  AND (?7 IS NULL
    OR (a.pinned_version <> ?7 AND NOT EXISTS (SELECT 1 FROM json_each(a.planned) c WHERE json_extract(c.value, '$.at') <= ?6))
    OR EXISTS (SELECT 1 FROM json_each(a.planned) c WHERE json_extract(c.value, '$.version') <> ?7
      AND c.key >= coalesce((SELECT max(d.key) FROM json_each(a.planned) d WHERE json_extract(d.value, '$.at') <= ?6), 0)))
ORDER BY p.key LIMIT ?5
