-- One page in the order of the keys. In the collation C lower() changes ASCII letters only, which is what the search is defined by. A
-- planned change that has acted by now ($6) says the plan; $7 are the accounts that are pinned, or will be, to another catalog version.
SELECT p.key, p.name, p.external_ids, a.id, a.version, a.created_at, a.decided_at, a.first_live_event_at, a.plan, a.pinned_version, a.suspended, a.timeline, a.overrides, a.planned::text,
  a.former_plans, a.has_rows, a.figures
FROM account_profiles p JOIN accounts a ON a.workspace = p.workspace AND a.id = p.account
WHERE p.workspace = $1 AND p.key > $2
  AND ($3 IS NULL OR $3 = coalesce((SELECT c ->> 'plan' FROM jsonb_array_elements(a.planned) WITH ORDINALITY x (c, n) WHERE (c ->> 'at')::bigint <= $6 ORDER BY n DESC LIMIT 1), a.plan))
  AND ($4 IS NULL OR strpos(lower(p.key), lower($4 COLLATE "C")) > 0 OR strpos(lower(p.name), lower($4 COLLATE "C")) > 0)
  AND ($7 IS NULL
    OR (a.pinned_version <> $7 AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(a.planned) c WHERE (c ->> 'at')::bigint <= $6))
    OR EXISTS (SELECT 1 FROM jsonb_array_elements(a.planned) WITH ORDINALITY x (c, n) WHERE (c ->> 'version')::integer <> $7
      AND n >= coalesce((SELECT max(m) FROM jsonb_array_elements(a.planned) WITH ORDINALITY y (d, m) WHERE (d ->> 'at')::bigint <= $6), 0)))
ORDER BY p.key LIMIT $5
