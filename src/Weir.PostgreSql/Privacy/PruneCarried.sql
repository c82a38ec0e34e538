-- By a function of the owner: the runtime role may delete neither ids nor draws.
SELECT ids_gone, rows_gone FROM prune_carried($2, $3) WHERE $1 IS NOT NULL
