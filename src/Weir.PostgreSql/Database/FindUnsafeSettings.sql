-- Settings with which something acknowledged could be lost, or SQL means something else. A row for each fault.
SELECT 'PostgreSQL 15 or later is needed, this is ' || current_setting('server_version') WHERE current_setting('server_version_num')::integer < 150000
UNION ALL
SELECT 'the setting ' || name || ' is off: what is acknowledged could be lost' FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
UNION ALL
SELECT 'the encoding of the database is ' || current_setting('server_encoding') || ', it must be UTF8' WHERE current_setting('server_encoding') <> 'UTF8'
