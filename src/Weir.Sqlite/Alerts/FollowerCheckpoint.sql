-- A follower that has never moved has no row.
SELECT seq FROM notification_followers WHERE workspace = ?1 AND follower = ?2
