-- The grants of all accounts of a workspace, as their states have them.
SELECT account, number, body FROM account_parts WHERE workspace = $1 AND kind = 3 ORDER BY account, number
