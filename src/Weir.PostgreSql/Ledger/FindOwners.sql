-- What the host calls the accounts of the entries under some ids; none once it has been erased. An id knows its entry's month.
SELECT u.place, p.key
FROM unnest($2) WITH ORDINALITY u (digest, place)
CROSS JOIN LATERAL (SELECT seq, recorded_at FROM ids WHERE workspace = $1 AND digest = u.digest LIMIT 1) i
CROSS JOIN LATERAL (SELECT account FROM events WHERE workspace = $1 AND seq = i.seq AND recorded_at = i.recorded_at LIMIT 1) e
CROSS JOIN LATERAL (SELECT key FROM account_profiles WHERE workspace = $1 AND account = e.account LIMIT 1) p
