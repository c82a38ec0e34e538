-- The random ids that stand for users, campaigns and keys in the ledger, by the keys of their accounts.
SELECT p.key, l.kind, l.name, l.id
FROM unnest($2, $3, $4) u (key, kind, name)
JOIN account_profiles p ON p.workspace = $1 AND p.key = u.key
JOIN aliases l ON l.workspace = $1 AND l.account = p.account AND l.kind = u.kind AND l.name = u.name
