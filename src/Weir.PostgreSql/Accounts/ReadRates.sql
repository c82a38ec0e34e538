-- Windows in which something still counts.
SELECT scope, scope_id, name, length, newest, counts, account FROM rates WHERE workspace = $1 AND account = ANY ($2) AND empty_at > $3
