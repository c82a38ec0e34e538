-- Ways past row-level security, and past the ledger that only grows. A row for each fault: check, what, remedy; and one that is none, later_function.
-- $1 and $2, table by table: the rights that Database/Grants.sql gives. $3: whether the schema is at the step of this program; at another
-- one a right may be missing that nobody uses any more.
WITH me AS (
  SELECT rolname, rolsuper, rolbypassrls, rolsuper OR pg_has_role(nspowner, 'MEMBER') AS above FROM pg_roles, pg_namespace WHERE rolname = current_user AND nspname = 'weir'
),
-- Functions with the rights of their owner.
known AS (SELECT unnest(ARRAY['make_month', 'prune_ids', 'prune_carried', 'drop_month']) AS name),
needed AS (SELECT * FROM unnest($1::text[], $2::text[]) AS n (name, may)),
-- Of a step that this program does not know: made by whoever owns the schema, and as Weir makes them.
later AS (
  SELECT p.oid, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE NOT $3 AND n.nspname = 'weir' AND p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE') AND p.proname NOT IN (SELECT name FROM known)
    AND p.proowner = n.nspowner AND p.proconfig IS NOT NULL AND 'search_path=weir, pg_temp' = ANY (p.proconfig)
),
tables AS (SELECT oid, relname, relispartition, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p')),
appended AS (
  SELECT name FROM needed GROUP BY name HAVING array_agg(DISTINCT may) <@ ARRAY['SELECT', 'INSERT', 'UPDATE OF COLUMNS']
)
SELECT 'superuser', 'the role ' || rolname || ' is a superuser', 'serve with the role that ''weir migrate --runtime-user'' made' FROM me WHERE rolsuper
UNION ALL
SELECT 'bypass', 'the role ' || rolname || ' may bypass row-level security', 'ALTER ROLE … NOBYPASSRLS' FROM me WHERE rolbypassrls AND NOT rolsuper
UNION ALL
SELECT 'owner', 'the role ' || current_user || ' owns the schema, or may act as its owner', 'serve with the role that ''weir migrate --runtime-user'' made'
FROM me WHERE above AND NOT rolsuper
UNION ALL
SELECT 'owner', 'the role ' || current_user || ' owns, or may act as the owner of, ' || string_agg(relname, ', ' ORDER BY relname), 'serve with the role that ''weir migrate --runtime-user'' made'
FROM pg_class, me WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'm') AND pg_has_role(relowner, 'MEMBER') AND NOT rolsuper
HAVING count(*) > 0
UNION ALL
SELECT 'row_security', 'the table ' || relname || ' is not shut by forced row-level security',
  'as the owner: ALTER TABLE weir.' || quote_ident(relname) || ' FORCE ROW LEVEL SECURITY, with the policy own_workspace and no other; a table that is not of Weir belongs in another schema'
FROM tables c
WHERE relname NOT IN ('workspaces', 'migrations')
  AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'own_workspace')
    AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) = 1)
UNION ALL
-- How the server writes an expression differs in brackets, casts and names of columns.
SELECT 'policy', 'the policy of the table ' || c.relname || ' is not the one that Weir made', 'as the owner: DROP POLICY own_workspace ON weir.' || quote_ident(c.relname) || ', and make it anew as that of another table'
FROM tables c JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'own_workspace'
WHERE NOT (p.polpermissive AND p.polcmd = '*' AND p.polroles = ARRAY[0::oid])
  OR EXISTS (
    SELECT 1 FROM unnest(ARRAY[pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)]) e
    WHERE coalesce(regexp_replace(e, '\sAS\s+"?nullif"?|::[a-z]+|[()\s]', '', 'gi'), '') <> 'workspace=SELECTNULLIFcurrent_setting''app.workspace'',true,''''')
UNION ALL
SELECT 'view', 'the schema has the view ' || relname || ', which row-level security does not cover', 'move it to another schema, as DROP VIEW or ALTER VIEW … SET SCHEMA'
FROM pg_class WHERE relnamespace = 'weir'::regnamespace AND relkind IN ('v', 'm')
UNION ALL
SELECT 'rights', 'the role ' || current_user || ' may ' || lower(may) || ' rows of ' || relname, 'REVOKE ' || may || ' ON weir.' || quote_ident(relname) || ' FROM ' || quote_ident(current_user)
FROM tables, me, unnest(ARRAY['UPDATE', 'DELETE']) may
WHERE NOT above AND relname IN (SELECT name FROM appended) AND (has_table_privilege(oid, may)
  OR may = 'UPDATE' AND has_any_column_privilege(oid, may) AND NOT EXISTS (SELECT 1 FROM needed n WHERE n.name = relname AND n.may = 'UPDATE OF COLUMNS'))
UNION ALL
-- Row-level security does not hold these back.
SELECT 'rights', 'the role ' || current_user || ' has the right ' || may || ' on ' || relname, 'REVOKE ' || may || ' ON weir.' || quote_ident(relname) || ' FROM ' || quote_ident(current_user)
FROM tables, me, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) may
WHERE NOT above AND NOT relispartition AND has_table_privilege(oid, may)
UNION ALL
SELECT 'rights_missing', 'the role ' || current_user || ' may not ' || lower(string_agg(may, ', ')) || ' rows of ' || name, 'run ''weir migrate'' with the owner''s connection and --runtime-user ' || current_user
FROM needed, me
WHERE $3 AND NOT above AND may <> 'UPDATE OF COLUMNS' AND to_regclass('weir.' || quote_ident(name)) IS NOT NULL AND NOT has_table_privilege('weir.' || quote_ident(name), may)
GROUP BY name
UNION ALL
SELECT 'partition_rights', 'the role ' || current_user || ' may reach the partition ' || relname || ' directly', 'REVOKE ALL ON weir.' || quote_ident(relname) || ' FROM ' || quote_ident(current_user)
FROM tables, me
WHERE NOT above AND relispartition AND has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
UNION ALL
SELECT 'function', 'the function ' || p.proname || ' acts with the rights of its owner and is not one that Weir knows, or has no search path of its own', 'DROP it, or ALTER FUNCTION … SECURITY INVOKER; one of Weir''s own: ALTER FUNCTION … SET search_path = weir, pg_temp'
FROM pg_proc p
WHERE p.pronamespace = 'weir'::regnamespace AND p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE')
  AND NOT (p.proname IN (SELECT name FROM known) AND p.proconfig IS NOT NULL AND 'search_path=weir, pg_temp' = ANY (p.proconfig))
  AND p.oid NOT IN (SELECT oid FROM later)
UNION ALL
SELECT 'later_function', 'the function ' || string_agg(proname, ', ' ORDER BY proname) || ' acts with the rights of the schema''s owner, and came with a step that this program does not know',
  'bring the nodes to the version that migrated it'
FROM later HAVING count(*) > 0
