-- The same for the account that a notification is about.
SELECT 1 FROM accounts a WHERE a.workspace = $1 AND a.id = (SELECT n.account FROM notifications n WHERE n.workspace = $1 AND n.seq = $2) AND a.id <> 0 FOR SHARE
