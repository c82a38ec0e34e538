-- Whole entries with what may have been erased of them; which ones stands in a file of its own, put in below. What may have been erased is
-- one search in the index for each entry: put as a plain join it is found by reading all of a month that has not been analysed yet, because
-- the planner then takes hundreds of entries for one.
SELECT
{columns}FROM events e LEFT JOIN LATERAL
  (SELECT * FROM event_details WHERE workspace = e.workspace AND seq = e.seq AND recorded_at = e.recorded_at LIMIT 1) d ON true
WHERE e.workspace = $1
{rows}
