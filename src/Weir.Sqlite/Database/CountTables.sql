-- A file of something else, or an empty one, has no such table.
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'
