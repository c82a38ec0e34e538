-- What every decision moves.
UPDATE accounts SET version = ?3, decided_at = ?4, first_live_event_at = ?5 WHERE workspace = ?1 AND id = ?2
