-- Names of one kind inside an account, by their ids.
SELECT id, name FROM aliases WHERE workspace = $1 AND account = $2 AND kind = $3
