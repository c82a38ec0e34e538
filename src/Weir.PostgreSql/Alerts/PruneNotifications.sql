-- Those of which no delivery is left.
DELETE FROM notifications WHERE workspace = $1 AND seq IN (
  SELECT n.seq FROM notifications n WHERE n.workspace = $1 AND n.at < $2
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace = $1 AND d.seq = n.seq) LIMIT $3)
