-- The answer, which its id no longer leads to.
DELETE FROM denials WHERE number = ?1
