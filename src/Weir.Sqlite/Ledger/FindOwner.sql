-- What the host calls the account of an entry; none once it has been erased.
SELECT p.key FROM events e JOIN account_profiles p ON p.workspace = e.workspace AND p.account = e.account
WHERE e.workspace = ?1 AND e.seq = ?2
