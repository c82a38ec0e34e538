-- By a function of the owner: the runtime role may delete neither ids nor draws.
SELECT ids_gone, reached FROM prune_carried($2, $3, $4) WHERE $1 IS NOT NULL
