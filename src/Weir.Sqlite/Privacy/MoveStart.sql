-- From here on what is written for this start counts, and what was recorded before it does not.
INSERT INTO ledger_starts (workspace, start_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING
