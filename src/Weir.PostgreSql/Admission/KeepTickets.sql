-- Renews the leases of a node's tickets that have lost some of their time, ended ones too. A lease is written a few times, not at each look.
UPDATE slot_tickets SET present = true, lease_until = clock_micros($4) + $3
WHERE workspace = $1 AND number = ANY ($2) AND (NOT present OR lease_until < clock_micros($4) + $3 * 3 / 5)
