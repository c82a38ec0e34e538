-- Lines in which somebody waits.
SELECT u.account, u.kind FROM unnest($2, $3) u (account, kind)
WHERE EXISTS (
  SELECT FROM slot_tickets t WHERE t.workspace = $1 AND t.account = u.account AND t.kind = u.kind AND t.present AND t.lease_until > clock_micros($4))
