-- What an account has beside its balances and rates.
SELECT kind, number, body FROM account_parts WHERE workspace = ?1 AND account = ?2
