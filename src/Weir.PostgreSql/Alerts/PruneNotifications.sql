-- Those of which no delivery is left.
WITH old AS MATERIALIZED (
  SELECT n.seq FROM notifications n WHERE n.workspace = $1 AND n.at < $2
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace = $1 AND d.seq = n.seq) LIMIT $3
)
DELETE FROM notifications n USING old o WHERE n.workspace = $1 AND n.seq = o.seq
