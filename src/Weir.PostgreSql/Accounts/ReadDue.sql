-- Accounts of which a part fell due by a time ($2), the longest due first.
SELECT f.key FROM account_parts p JOIN account_profiles f ON f.workspace = p.workspace AND f.account = p.account
WHERE p.workspace = $1 AND p.due_at <= $2 GROUP BY f.key ORDER BY min(p.due_at), f.key LIMIT $3
