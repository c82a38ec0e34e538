-- Locked one after the other in the order of their numbers, so that transactions with several accounts do not deadlock. A head that had
-- to be waited for is given as the other transaction has left it.
AND p.key = ANY ($2)
ORDER BY a.id FOR UPDATE OF a
