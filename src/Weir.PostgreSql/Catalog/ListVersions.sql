-- Newest first; documents may be large, and lists do not show them.
SELECT version, CASE WHEN $2 THEN document ELSE '' END, format, created_at, actor FROM catalog_versions WHERE workspace = $1 ORDER BY version DESC
