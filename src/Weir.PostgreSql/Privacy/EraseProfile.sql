-- What the host calls an account.
DELETE FROM account_profiles WHERE workspace = $1 AND account = $2
