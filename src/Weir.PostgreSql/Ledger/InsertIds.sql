-- In the order of the digests, so that nodes with the same ids wait for one another and do not deadlock. Inserts fewer rows than were given
-- when one of them is taken.
INSERT INTO ids (workspace, digest, fingerprint, seq, recorded_at, answer)
SELECT $1, u.digest, u.fingerprint, u.seq, u.recorded_at, u.answer
FROM unnest($2, $3, $4, $5, $6) u (digest, fingerprint, seq, recorded_at, answer) ORDER BY u.digest
ON CONFLICT (workspace, digest) DO NOTHING
