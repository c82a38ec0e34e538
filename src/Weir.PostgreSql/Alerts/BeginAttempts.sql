-- ready_at is now the end of the claim.
UPDATE deliveries SET attempts = attempts + 1, tried_since = coalesce(tried_since, $4), ready_at = $5, claimed = true
WHERE workspace = $1 AND target = $2 AND seq = ANY ($3)
