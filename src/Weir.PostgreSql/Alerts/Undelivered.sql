-- What has failed since a time, and what of the types ($4) was never meant for the target.
SELECT n.seq FROM notifications n LEFT JOIN deliveries d ON d.workspace = $1 AND d.target = $2 AND d.seq = n.seq
WHERE n.workspace = $1 AND n.at >= $3 AND CASE WHEN d.seq IS NULL THEN n.type = ANY ($4) ELSE d.state = 2 END
ORDER BY n.seq LIMIT $5
