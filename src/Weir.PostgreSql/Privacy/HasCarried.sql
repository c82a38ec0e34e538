-- Whether entries of the workspace stand in a month ($2 to $3) that may go.
SELECT EXISTS (
  SELECT FROM (SELECT kept_entries($2, $3, living_numbers(9223372036854775807)) AS numbers OFFSET 0) kept, events e
  WHERE e.workspace = $1 AND e.recorded_at >= $2 AND e.recorded_at < $3 AND e.seq <> ALL (kept.numbers))
