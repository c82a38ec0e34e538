-- Erased accounts have no profile.
SELECT account, key, name, external_ids FROM account_profiles WHERE workspace = $1 AND account = ANY ($2)
