-- The workspace's own head, after the accounts, and only once limits of the workspace have been used: before, all transactions of the
-- workspace would wait for one another for nothing. The first to use them finds out at its write whether it was the first.
SELECT id FROM accounts WHERE workspace = $1 AND id = 0 AND (version > 0 OR has_rows OR figures IS NOT NULL) FOR UPDATE
