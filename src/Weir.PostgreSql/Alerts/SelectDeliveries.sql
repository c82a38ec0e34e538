-- Newest first. $3: some numbers; $4: below a number; $5: a state; $6: a type; $7: an id. Null for any.
SELECT d.state, d.attempts, d.tried_since, d.ready_at, d.created_at, d.finished_at, n.seq, n.id, n.type, n.account, n.at, n.data
FROM deliveries d JOIN notifications n ON n.workspace = d.workspace AND n.seq = d.seq
WHERE d.workspace = $1 AND d.target = $2 AND ($3 IS NULL OR d.seq = ANY ($3)) AND ($4 IS NULL OR d.seq < $4) AND ($5 IS NULL OR d.state = $5)
AND ($6 IS NULL OR n.type = $6) AND ($7 IS NULL OR n.id = $7)
ORDER BY d.seq DESC LIMIT $8
