-- The place of a reservation.
DELETE FROM slot_tickets WHERE workspace = $1 AND reservation = $2 AND lease_until > clock_micros($3)
