-- Everything that names an account, or one user of it.
DELETE FROM slot_tickets WHERE workspace = $1 AND account = $2 AND ($3::text IS NULL OR user_name = $3)
