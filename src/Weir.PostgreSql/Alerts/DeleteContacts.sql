-- Nothing of the addresses stays.
DELETE FROM contacts WHERE workspace = $1 AND id = ANY ($2)
