-- An erase of the account waits until the transaction has ended.
SELECT 1 FROM accounts WHERE workspace = $1 AND id = $2 FOR SHARE
