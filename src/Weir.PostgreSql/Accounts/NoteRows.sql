-- Something of these states stands in rows of its own from now on.
UPDATE accounts SET has_rows = true WHERE workspace = $1 AND id = ANY ($2)
