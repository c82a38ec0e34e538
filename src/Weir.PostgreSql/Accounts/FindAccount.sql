-- The number of an account by the host's key.
SELECT account FROM account_profiles WHERE workspace = $1 AND key = $2
