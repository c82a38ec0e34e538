-- By a function of the owner, for all workspaces.
SELECT drop_month($2) WHERE $1 IS NOT NULL
