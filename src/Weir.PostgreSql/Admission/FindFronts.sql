-- Who stands in front in the lines of the accounts of some tickets, in the order of their places. What frees a slot of an account moves the
-- version of its head.
SELECT f.account, f.number, coalesce(a.version, 0)
FROM (
  SELECT DISTINCT ON (t.account) t.account, t.priority, t.number
  FROM slot_tickets t
  WHERE t.workspace = $1 AND t.kind = $2 AND t.present AND t.lease_until > clock_micros($4)
    AND t.account IN (SELECT m.account FROM slot_tickets m WHERE m.workspace = $1 AND m.number = ANY ($3))
  ORDER BY t.account, t.priority, t.number
) f
LEFT JOIN account_profiles p ON p.workspace = $1 AND p.key = f.account
LEFT JOIN accounts a ON a.workspace = $1 AND a.id = p.account
ORDER BY f.priority, f.number
