-- What 'weir doctor' looks at beside what keeps a node from starting: a row for each finding: whether it is a fault, check, what, remedy.
-- $1: connections of all nodes together.
SELECT true, 'read_only', 'the server is a standby, or transactions are read-only', 'connect to the primary (Target Session Attributes=primary); look for default_transaction_read_only'
WHERE current_setting('transaction_read_only') = 'on'
UNION ALL
SELECT true, 'connections', 'the nodes may take ' || $1::integer || ' connections, and ' || source || ' leaves ' || most, 'raise it to ' || $1::integer + 10 || ' or more, or run fewer nodes'
FROM (
  SELECT 'max_connections less what is reserved' AS source,
    current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer - coalesce(current_setting('reserved_connections', true)::integer, 0) AS most
  UNION ALL SELECT 'the limit of the role ' || rolname, rolconnlimit FROM pg_roles WHERE rolname = current_user AND rolconnlimit >= 0
  UNION ALL SELECT 'the limit of the database ' || datname, datconnlimit FROM pg_database WHERE datname = current_database() AND datconnlimit >= 0
) limits WHERE most < $1::integer
UNION ALL
SELECT false, name, 'the setting ' || name || ' is ' || setting || ': ' || CASE name
  WHEN 'data_sync_retry' THEN 'after a failed fsync the server goes on as if the pages were on the disk'
  WHEN 'zero_damaged_pages' THEN 'damaged pages are emptied without a word'
  WHEN 'ignore_checksum_failure' THEN 'damaged pages are read as if they were whole'
  WHEN 'data_checksums' THEN 'pages that the disk has changed are not noticed'
  ELSE 'tables are not vacuumed, and grow until the server stops' END,
  CASE name WHEN 'data_checksums' THEN 'switch them on with pg_checksums --enable while the server is stopped' ELSE 'turn it ' || CASE setting WHEN 'on' THEN 'off' ELSE 'on' END || ' in postgresql.conf' END
FROM pg_settings
WHERE (name, setting) IN (('data_sync_retry', 'on'), ('zero_damaged_pages', 'on'), ('ignore_checksum_failure', 'on'), ('data_checksums', 'off'), ('autovacuum', 'off'), ('track_counts', 'off'))
UNION ALL
SELECT false, 'synchronous_standby', 'there is a synchronous standby (' || current_setting('synchronous_standby_names') || '), and synchronous_commit is ' || current_setting('synchronous_commit') || ': what is acknowledged is not on it',
  'set synchronous_commit = on, or a failover loses the last moments'
WHERE current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') = 'local'
UNION ALL
SELECT false, 'partitions', 'there is no partition of ' || to_char(month, 'YYYY-MM') || ' for ' || relname, 'nodes make it with the first entry; to have it ahead, run ''weir migrate'''
FROM pg_class, (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + m * interval '1 month' AS month FROM generate_series(0, 1) m) months
WHERE relnamespace = 'weir'::regnamespace AND relkind = 'p' AND to_regclass('weir.' || quote_ident(relname || '_' || to_char(month, 'YYYYMM'))) IS NULL
UNION ALL
SELECT false, 'archive', 'the write-ahead log could not be archived since ' || last_failed_time || ' (' || last_failed_wal || '): it stays on the disk until that is full', 'see why archive_command fails, in the server''s log'
FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')
UNION ALL
SELECT false, 'replication_slot', 'nobody reads the replication slot ' || slot_name || ': the write-ahead log stays on the disk until that is full', 'start its reader, or SELECT pg_drop_replication_slot(''' || slot_name || ''')'
FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL
UNION ALL
SELECT false, 'wraparound', 'the oldest row of the database is ' || age(datfrozenxid) || ' transactions old: vacuum does not keep up', 'see which tables autovacuum does not get through, and what holds it back (pg_stat_activity, pg_prepared_xacts)'
FROM pg_database WHERE datname = current_database() AND age(datfrozenxid) > 1000000000
