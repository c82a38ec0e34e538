-- Open reservations of one account ($2) or of all, after one ($3, $4).
SELECT f.key, p.account, p.number, p.body FROM account_parts p
JOIN account_profiles f ON f.workspace = p.workspace AND f.account = p.account
WHERE p.workspace = $1 AND p.kind = 1 AND (p.account, p.number) > ($3, $4) AND ($2 IS NULL OR p.account = $2)
ORDER BY p.account, p.number LIMIT $5
