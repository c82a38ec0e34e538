-- A transaction sees the state of the file at its first read. This makes it that of now, before anything is looked up in memory.
SELECT one FROM owner
