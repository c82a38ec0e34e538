-- Names of users, campaigns and keys inside an account.
DELETE FROM aliases WHERE workspace = $1 AND account = $2
