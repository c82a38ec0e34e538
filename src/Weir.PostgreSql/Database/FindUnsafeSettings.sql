-- Settings with which something acknowledged could be lost, or SQL means something else. A row for each fault: check, what, remedy.
SELECT 'version', 'this is PostgreSQL ' || current_setting('server_version'), 'PostgreSQL 15 or later is needed' WHERE current_setting('server_version_num')::integer < 150000
UNION ALL
SELECT name, 'the setting ' || name || ' is off: what is acknowledged could be lost', CASE name
  WHEN 'synchronous_commit' THEN 'turn it on in postgresql.conf, and look for it in ALTER DATABASE … SET and ALTER ROLE … SET'
  ELSE 'turn it on in postgresql.conf' END
FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
UNION ALL
SELECT 'encoding', 'the encoding of the database is ' || current_setting('server_encoding') || ', it must be UTF8', 'make a database with ENCODING ''UTF8'' TEMPLATE template0' WHERE current_setting('server_encoding') <> 'UTF8'
