-- The details of the account's entries have gone up to here.
UPDATE erasures SET through = $3 WHERE workspace = $1 AND number = $2
