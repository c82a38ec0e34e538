-- From when on the ledger is whole.
SELECT max(start_at) FROM ledger_starts WHERE workspace = ?1
