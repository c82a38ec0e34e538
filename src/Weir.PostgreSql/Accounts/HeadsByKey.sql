-- As they stand.
AND p.key = ANY ($2)
