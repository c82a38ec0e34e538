-- Those of the ids $3, or without them all that were raised up to $4.
UPDATE alerts SET read_at = $4
WHERE workspace = $1 AND account = $2 AND read_at IS NULL AND CASE WHEN $3 IS NULL THEN raised_at <= $4 ELSE id = ANY ($3) END
