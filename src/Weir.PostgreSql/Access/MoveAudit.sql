-- The new end of the chain.
UPDATE workspace_state SET audit = $2, audit_hash = $3 WHERE workspace = $1
