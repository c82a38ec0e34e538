-- The inbox of an account, which nobody is left to read.
DELETE FROM alerts WHERE workspace = $1 AND account = $2
