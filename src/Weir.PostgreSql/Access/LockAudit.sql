-- The end of the chain, from here on the transaction's own.
SELECT audit, audit_hash FROM workspace_state WHERE workspace = $1 FOR UPDATE
