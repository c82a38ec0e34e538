-- Only for a target that is still there, and once. Gives a row when it was made.
INSERT INTO deliveries (workspace, target, seq, state, attempts, ready_at, claimed, created_at)
SELECT ?1, ?2, ?3, 0, 0, ?4, 0, ?4
WHERE (EXISTS (SELECT 1 FROM webhooks WHERE workspace = ?1 AND id = ?2) OR EXISTS (SELECT 1 FROM contacts WHERE workspace = ?1 AND id = ?2))
AND EXISTS (SELECT 1 FROM notifications WHERE seq = ?3 AND workspace = ?1)
ON CONFLICT DO NOTHING
