-- Of the numbers in ?2; erased accounts have no profile.
SELECT p.account, p.key, p.name, p.external_ids FROM json_each(?2) j CROSS JOIN account_profiles p ON p.workspace = ?1 AND p.account = j.value
