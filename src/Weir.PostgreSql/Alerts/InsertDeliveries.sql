-- Only for targets that are still there, and each once.
INSERT INTO deliveries (workspace, target, seq, state, attempts, ready_at, claimed, created_at)
SELECT $1, u.target, u.seq, 0, 0, $4, false, $4 FROM unnest($2, $3) u (target, seq)
WHERE (EXISTS (SELECT 1 FROM webhooks w WHERE w.workspace = $1 AND w.id = u.target) OR EXISTS (SELECT 1 FROM contacts c WHERE c.workspace = $1 AND c.id = u.target))
AND EXISTS (SELECT 1 FROM notifications n WHERE n.workspace = $1 AND n.seq = u.seq)
ORDER BY u.target COLLATE "C", u.seq
ON CONFLICT DO NOTHING
