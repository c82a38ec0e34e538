-- Nobody is there any more; the place is kept for a while.
UPDATE slot_tickets SET present = false, lease_until = clock_micros($4) + $3 WHERE workspace = $1 AND number = $2
