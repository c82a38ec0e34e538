-- Places that nobody came back to, those of nodes that died long ago, and the one that the same request has lost.
DELETE FROM slot_tickets
WHERE workspace = $1 AND kind = $2 AND lease_until <= clock_micros($5)
  AND (NOT present OR lease_until + $6 <= clock_micros($5) OR (reservation = $3 AND fingerprint = $4))
