-- How an attempt ended. What a receiver answers to a notification about an account may name it: after an erase it is not kept.
INSERT INTO delivery_attempts (workspace, target, seq, number, at, status, error, answer, took)
VALUES ($1, $2, $3, $4, $5, $6, $7,
  CASE WHEN EXISTS (SELECT 1 FROM notifications n JOIN erasures x ON x.workspace = n.workspace AND x.account = n.account AND x.user_id IS NULL
    WHERE n.workspace = $1 AND n.seq = $3) THEN NULL ELSE $8 END,
  $9)
