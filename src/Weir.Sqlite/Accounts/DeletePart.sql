-- An account has the part no more.
DELETE FROM account_parts WHERE workspace = ?1 AND account = ?2 AND kind = ?3 AND number = ?4
