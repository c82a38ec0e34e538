-- A document never changes, so nodes ask for each once.
SELECT version, document, format, created_at, actor FROM catalog_versions WHERE workspace = $1 AND version = $2
