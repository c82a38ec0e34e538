-- The end of the chain, under the writer's lock.
SELECT number, hash FROM audit WHERE workspace = ?1 ORDER BY number DESC LIMIT 1
