-- Those that were decided before a time ($2), with the ids that they take, of the workspace that the transaction has named ($1).
SELECT prune_ids($2, $3) WHERE $1 IS NOT NULL
