-- What stands in the head that goes.
SELECT figures FROM accounts WHERE workspace = $1 AND id = $2 FOR UPDATE
