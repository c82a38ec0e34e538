-- Entries of an account in the order of the ledger, as far as its index has them.
SELECT seq FROM account_events WHERE workspace = ?1 AND account = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4
