-- Only an erase does this.
UPDATE catalog_versions SET document = $3 WHERE workspace = $1 AND version = $2
