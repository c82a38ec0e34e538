-- A second id for the same name would split its figures: it fails instead.
INSERT INTO aliases (workspace, account, kind, name, id) SELECT $1, u.* FROM unnest($2, $3, $4, $5) u
