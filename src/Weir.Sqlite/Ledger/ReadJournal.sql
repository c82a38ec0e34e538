-- In the order of the commits: a later figure of the same balance stands.
SELECT workspace, accounts, first_seq, first_denial FROM journal ORDER BY batch
