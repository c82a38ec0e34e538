-- The ids of events and denials that the table of ids may lack.
SELECT workspace, id, seq FROM events WHERE seq >= ?1 AND id IS NOT NULL
UNION ALL
SELECT workspace, id, -number FROM denials WHERE number >= ?2
