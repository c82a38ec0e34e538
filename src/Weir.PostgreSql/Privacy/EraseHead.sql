-- Its head: nobody can come to it any more. Balances, closings and entries stay.
DELETE FROM accounts WHERE workspace = $1 AND id = $2
