-- A place in the line, or the one that the same request has; no row when too many wait.
INSERT INTO slot_tickets AS t (workspace, kind, account, reservation, fingerprint, user_name, priority, since, present, lease_until)
SELECT $1, $2, $3, $4, $5, $6, $7, c.now, true, c.now + $8
FROM (SELECT clock_micros($9) AS now) c
WHERE (SELECT count(*) FROM slot_tickets o WHERE o.workspace = $1 AND o.kind = $2 AND o.lease_until > c.now) < $10
  OR EXISTS (SELECT FROM slot_tickets o WHERE o.workspace = $1 AND o.kind = $2 AND o.reservation = $4 AND o.fingerprint = $5)
ON CONFLICT (workspace, kind, reservation, fingerprint) DO UPDATE SET present = true, lease_until = excluded.lease_until
RETURNING t.number
