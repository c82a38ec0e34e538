-- Plans that accounts are on. Account 0 is the workspace itself.
SELECT DISTINCT plan FROM accounts WHERE workspace = ?1 AND id <> 0
