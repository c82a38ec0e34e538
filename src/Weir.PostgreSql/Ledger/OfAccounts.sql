-- Of some accounts.
  AND e.account = ANY ($6)
