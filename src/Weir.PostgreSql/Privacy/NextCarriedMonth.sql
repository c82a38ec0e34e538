-- The first month that ends after a time ($2), has a partition, and has been carried by the workspace ($1): its start and its end.
SELECT low, high FROM (
  SELECT (extract(epoch FROM month) * 1000000)::bigint AS low, (extract(epoch FROM month + interval '1 month') * 1000000)::bigint AS high
  FROM (
    SELECT make_timestamp(substr(relname, 8, 4)::integer, substr(relname, 12, 2)::integer, 1, 0, 0, 0) AS month FROM pg_class
    WHERE relnamespace = 'weir'::regnamespace AND relispartition AND relkind = 'r' AND relname ~ '^events_[0-9]{6}$'
  ) partitions
) months
WHERE high > $2 AND high <= ledger_start() AND $1 IS NOT NULL
ORDER BY low LIMIT 1
