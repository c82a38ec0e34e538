-- Live tickets with their places, kind by kind in the order of the lines.
SELECT account, kind, reservation, priority, since, place
FROM (
  SELECT account, kind, reservation, priority, since, number, row_number() OVER (PARTITION BY account, kind ORDER BY priority, number)::integer AS place
  FROM slot_tickets
  WHERE workspace = $1 AND ($2::text[] IS NULL OR account = ANY ($2)) AND lease_until > clock_micros($4)
) t
WHERE $3::text IS NULL OR reservation = $3
ORDER BY kind, priority, number LIMIT $5
