-- Erased accounts have no profile. One search for each, also where the table was empty when this was planned.
SELECT p.account, p.key, p.name, p.external_ids
FROM (SELECT DISTINCT * FROM unnest($2)) u (account) CROSS JOIN LATERAL (SELECT * FROM account_profiles WHERE workspace = $1 AND account = u.account LIMIT 1) p
