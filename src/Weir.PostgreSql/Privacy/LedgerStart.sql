-- From when on the ledger is whole.
SELECT ledger_start() WHERE $1 IS NOT NULL
