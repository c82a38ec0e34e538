-- What an entry that goes drew of a grant is carried.
DELETE FROM grant_draws WHERE workspace = ?1 AND grant_number = ?2 AND seq = ?3
