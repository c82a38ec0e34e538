-- Of one account, along its index.
  AND e.account = $7
