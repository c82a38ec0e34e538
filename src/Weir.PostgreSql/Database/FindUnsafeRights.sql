-- Ways past row-level security, and past the ledger that only grows. A row for each fault.
SELECT 'the role ' || rolname || ' is a superuser; serve with the role that ''weir migrate --runtime-user'' made' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL
SELECT 'the role ' || rolname || ' may bypass row-level security' FROM pg_roles WHERE rolname = current_user AND rolbypassrls AND NOT rolsuper
UNION ALL
SELECT 'the role ' || current_user || ' owns the schema, or may act as its owner; serve with the role that ''weir migrate --runtime-user'' made'
FROM pg_namespace WHERE nspname = 'weir' AND pg_has_role(nspowner, 'MEMBER') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT 'the role ' || current_user || ' owns, or may act as the owner of, ' || string_agg(relname, ', ' ORDER BY relname) FROM pg_class
WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'm') AND pg_has_role(relowner, 'MEMBER') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
HAVING count(*) > 0
UNION ALL
SELECT 'the table ' || relname || ' is not shut by forced row-level security' FROM pg_class c
WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p') AND relname NOT IN ('workspaces', 'migrations')
  AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'own_workspace')
    AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) = 1)
UNION ALL
SELECT 'the schema has the view ' || relname || ', which row-level security does not cover' FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('v', 'm')
UNION ALL
SELECT 'the role ' || current_user || ' may ' || lower(may) || ' rows of ' || name
FROM unnest(ARRAY['events', 'audit', 'ids']) name, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) may
WHERE has_table_privilege('weir.' || name, may) AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT 'the role ' || current_user || ' may reach the partition ' || c.relname || ' directly' FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relnamespace = 'weir'::regnamespace AND c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
  AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT 'the function ' || p.proname || ' acts with the rights of its owner and is not one that Weir knows, or has no search path of its own' FROM pg_proc p
WHERE p.pronamespace = 'weir'::regnamespace AND p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE')
  AND NOT (p.proname = 'make_month' AND p.proconfig IS NOT NULL AND 'search_path=weir, pg_temp' = ANY (p.proconfig))
