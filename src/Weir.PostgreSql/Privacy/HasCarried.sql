-- Whether entries of the workspace stand in a month ($2 to $3) that may go. What is kept may be as much as the month has: it is hashed once.
SELECT EXISTS (
  SELECT FROM events e
  WHERE e.workspace = $1 AND e.recorded_at >= $2 AND e.recorded_at < $3
    AND e.seq NOT IN (SELECT unnest(kept_entries($2, $3, living_numbers(9223372036854775807)))))
