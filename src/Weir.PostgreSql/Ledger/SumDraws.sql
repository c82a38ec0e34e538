-- What a grant gave for use, without what returned.
SELECT coalesce(sum(used), 0)::bigint FROM grant_draws WHERE workspace = $1 AND grant_number = $2
