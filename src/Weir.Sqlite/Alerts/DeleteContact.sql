-- Nothing of the address stays.
DELETE FROM contacts WHERE workspace = ?1 AND id = ?2
