-- ?2: a JSON array of internal ids of accounts; 0 are the operators of the workspace.
SELECT id, account, address, types, created_at FROM contacts
WHERE workspace = ?1 AND account IN (SELECT value FROM json_each(?2)) ORDER BY account, address
