-- Parts of accounts as they are from now on.
INSERT INTO account_parts (workspace, account, kind, number, due_at, body)
SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6) u
ON CONFLICT (workspace, account, kind, number) DO UPDATE SET due_at = excluded.due_at, body = excluded.body
