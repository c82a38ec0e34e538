-- What all accounts of a page (?2) have beside their balances and rates.
SELECT p.kind, p.number, p.body, p.account
FROM json_each(?2) j CROSS JOIN account_parts p ON p.workspace = ?1 AND p.account = j.value
