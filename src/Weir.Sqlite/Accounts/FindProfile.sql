-- What the host calls an account; none once it has been erased.
SELECT key, name, external_ids FROM account_profiles WHERE workspace = ?1 AND account = ?2
