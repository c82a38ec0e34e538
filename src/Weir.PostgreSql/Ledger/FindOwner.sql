-- What the host calls the account of the entry under an id; none once it has been erased. The id knows the entry's month.
SELECT p.key
FROM (SELECT seq, recorded_at FROM ids WHERE workspace = $1 AND digest = $2 LIMIT 1) i
CROSS JOIN LATERAL (SELECT account FROM events WHERE workspace = $1 AND seq = i.seq AND recorded_at = i.recorded_at LIMIT 1) e
CROSS JOIN LATERAL (SELECT key FROM account_profiles WHERE workspace = $1 AND account = e.account LIMIT 1) p
