-- Where the writer goes on counting.
SELECT coalesce((SELECT max(seq) FROM events), 0), coalesce((SELECT max(number) FROM denials), 0),
  coalesce((SELECT max(batch) FROM journal), 0), coalesce((SELECT recorded_at FROM events ORDER BY seq DESC LIMIT 1), 0)
