-- An address that is there keeps its id.
INSERT INTO contacts (workspace, account, address, id, types, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace, account, address) DO UPDATE SET types = excluded.types
