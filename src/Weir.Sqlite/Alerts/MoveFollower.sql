-- Gives a row when the follower still stood where it is moved from; one without a row stands at 0.
INSERT INTO notification_followers (workspace, follower, seq) SELECT ?1, ?2, ?4
WHERE ?3 = 0 OR EXISTS (SELECT 1 FROM notification_followers WHERE workspace = ?1 AND follower = ?2)
ON CONFLICT DO UPDATE SET seq = excluded.seq WHERE seq = ?3 RETURNING 1
