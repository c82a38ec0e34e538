-- Everything that these commits changed has been written to its table by now.
DELETE FROM journal WHERE batch <= ?1
