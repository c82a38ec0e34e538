-- Nearly always none or one; different ids with the same first 64 bits are told apart by the row itself.
SELECT reference FROM ids WHERE workspace = ?1 AND hash = ?2
