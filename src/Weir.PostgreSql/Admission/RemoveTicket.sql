-- One that has been decided.
DELETE FROM slot_tickets WHERE workspace = $1 AND number = $2
