-- Which tickets stand in a line.
SELECT number FROM slot_tickets WHERE workspace = $1 AND number = ANY ($2)
