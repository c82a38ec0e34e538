-- One of an account.
AND account = $2 AND id = $3
