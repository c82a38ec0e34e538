-- The random id that stands for a user, campaign or key in the ledger.
SELECT id FROM aliases WHERE workspace = ?1 AND account = ?2 AND kind = ?3 AND name = ?4
