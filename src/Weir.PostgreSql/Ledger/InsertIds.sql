-- In the order of the digests, so that nodes with the same ids wait for one another and do not deadlock. Fails when one of them is taken:
-- looking for each before it is inserted, as ON CONFLICT does, would find nearly always what was found a moment ago.
INSERT INTO ids (workspace, digest, fingerprint, seq, recorded_at, answer)
SELECT $1, u.digest, u.fingerprint, u.seq, u.recorded_at, u.answer
FROM unnest($2, $3, $4, $5, $6) u (digest, fingerprint, seq, recorded_at, answer) ORDER BY u.digest
