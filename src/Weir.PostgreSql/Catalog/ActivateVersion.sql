-- Only from the version that the caller knew as active, and only to one that exists. Changes a row when it took effect.
UPDATE workspace_state SET active_catalog = $2
WHERE workspace = $1 AND active_catalog = $3 AND EXISTS (SELECT 1 FROM catalog_versions WHERE workspace = $1 AND version = $2)
