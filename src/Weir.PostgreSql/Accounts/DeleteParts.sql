-- The accounts have these parts no more.
DELETE FROM account_parts p USING unnest($2, $3, $4) u (account, kind, number)
WHERE p.workspace = $1 AND p.account = u.account AND p.kind = u.kind AND p.number = u.number
