-- By their numbers.
AND e.seq = ANY ($2)
ORDER BY e.seq
