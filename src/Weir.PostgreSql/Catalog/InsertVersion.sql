-- Counts from 1 in each workspace.
INSERT INTO catalog_versions (workspace, version, format, created_at, actor, document)
SELECT $1, coalesce((SELECT max(version) FROM catalog_versions WHERE workspace = $1), 0) + 1, $2, $3, $4, $5
RETURNING version
