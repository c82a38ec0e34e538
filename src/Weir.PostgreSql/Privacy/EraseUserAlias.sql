-- The name of one user inside an account.
DELETE FROM aliases WHERE workspace = $1 AND account = $2 AND kind = $3 AND name = $4
