-- Whole entries that are searched for one by one, with what may have been erased of them. How they are found stands in a file of its own, put in
-- below: an index for each, whatever the planner believes about a month that was empty when it planned.
SELECT
{columns}
FROM
{rows}
LEFT JOIN LATERAL
  (SELECT * FROM event_details WHERE workspace = e.workspace AND seq = e.seq AND recorded_at = e.recorded_at LIMIT 1) d ON true
ORDER BY e.seq
