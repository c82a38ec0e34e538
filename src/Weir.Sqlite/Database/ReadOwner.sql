-- Who wrote itself down when it took the lock.
SELECT process, machine, since FROM owner
