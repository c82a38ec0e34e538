-- In the order of the digests, so that nodes with the same ids wait for one another and do not deadlock. Fails when one of them is taken:
-- then the batch is decided again and looks for all of them. ON CONFLICT would search the index for each a second time.
INSERT INTO ids (workspace, digest, fingerprint, seq, recorded_at, answer)
SELECT $1, u.digest, u.fingerprint, u.seq, u.recorded_at, u.answer
FROM (SELECT unnest($2) AS digest, unnest($3) AS fingerprint, unnest($4) AS seq, unnest($5) AS recorded_at, unnest($6) AS answer) u ORDER BY u.digest
