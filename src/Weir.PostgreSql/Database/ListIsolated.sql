-- Tables that show the rows of one workspace, and that the role may read.
SELECT 'weir.' || quote_ident(relname) FROM pg_class
WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p') AND relname NOT IN ('workspaces', 'migrations') AND has_table_privilege(oid, 'SELECT')
ORDER BY relname
