SELECT coalesce(sum(used), 0) FROM grant_draws WHERE workspace = ?1 AND grant_number = ?2
