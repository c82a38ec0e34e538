-- What moves when slots of the whole workspace come free, or a catalog gives more of them; and the store's clock.
SELECT a.version, s.active_catalog, clock_micros($2)
FROM accounts a JOIN workspace_state s ON s.workspace = a.workspace
WHERE a.workspace = $1 AND a.id = 0
