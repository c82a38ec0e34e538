-- Works off the journal after a stop without notice: whatever is there already stays.
INSERT INTO account_events (workspace, account, seq)
SELECT workspace, account, seq FROM events WHERE seq >= ?1 ORDER BY workspace, account, seq
ON CONFLICT DO NOTHING
