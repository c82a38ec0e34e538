-- With the transaction that takes the names away.
INSERT INTO erasures (workspace, account, user_id, begun_at) VALUES ($1, $2, $3, $4)
