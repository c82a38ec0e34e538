-- The balances that stand in the heads of some accounts.
SELECT id, figures FROM accounts WHERE workspace = $1 AND id = ANY ($2) AND figures IS NOT NULL
