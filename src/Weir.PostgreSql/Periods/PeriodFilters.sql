-- What pages of periods are chosen by. $9 to $14 are the place that the page follows.
AND period_end > $3 AND period_end <= $4 AND period_start < $5 AND scope = $6
AND ($7 IS NULL OR meter = $7) AND ($8 IS NULL OR per = $8)
AND ($9 IS NULL OR period_end < $9 OR (period_end = $9 AND (meter, per, scope, scope_id, period_start) > ($10, $11, $12, $13, $14)))
ORDER BY period_end DESC, meter, per, scope, scope_id, period_start LIMIT $15
