-- By the id that its deliveries carry.
SELECT id, account, address, types, created_at FROM contacts WHERE workspace = $1 AND id = $2
