-- The way from an account to an entry that goes.
DELETE FROM account_events WHERE workspace = ?1 AND account = ?2 AND seq = ?3
