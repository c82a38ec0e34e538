-- An account counts as long as the host knows it by a key.
SELECT count(*) FROM account_profiles WHERE workspace = $1
