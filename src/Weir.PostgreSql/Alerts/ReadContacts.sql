-- Of these accounts; 0 are the operators of the workspace.
SELECT id, account, address, types, created_at FROM contacts WHERE workspace = $1 AND account = ANY ($2) ORDER BY account, address
