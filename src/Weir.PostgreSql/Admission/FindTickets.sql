-- Which tickets stand in a line: one search for each, also where the table was empty when this was planned.
SELECT t.number FROM unnest($2) u (number) CROSS JOIN LATERAL (SELECT number FROM slot_tickets WHERE workspace = $1 AND number = u.number LIMIT 1) t
