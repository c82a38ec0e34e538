-- What accounts have beside their balances and rates.
SELECT kind, number, body, account FROM account_parts WHERE workspace = $1 AND account = ANY ($2)
