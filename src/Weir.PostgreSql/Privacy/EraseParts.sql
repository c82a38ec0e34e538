-- Parts of its state beside the grants, which verify compares with the log.
DELETE FROM account_parts WHERE workspace = $1 AND account = $2 AND kind <> 3
