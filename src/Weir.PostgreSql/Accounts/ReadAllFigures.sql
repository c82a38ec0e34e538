-- The balances that stand in heads.
SELECT id, figures FROM accounts WHERE workspace = $1 AND figures IS NOT NULL ORDER BY id
