-- A part of an account as it is from now on.
INSERT INTO account_parts (workspace, account, kind, number, due_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (workspace, account, kind, number) DO UPDATE SET due_at = excluded.due_at, body = excluded.body
