-- What stands under ids that are taken: one search in the index for each. Put as a plain join it is done by reading all ids of the workspace
-- for as long as the table has not been analysed, because the planner then believes that a workspace has hardly any.
SELECT i.digest, i.fingerprint, i.seq, i.answer, i.recorded_at
FROM unnest($2) u (digest) CROSS JOIN LATERAL (SELECT * FROM ids WHERE workspace = $1 AND digest = u.digest LIMIT 1) i
