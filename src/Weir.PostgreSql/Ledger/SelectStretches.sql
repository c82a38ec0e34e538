-- Whole entries of stretches of the ledger, as SelectEntries gives them. Each stretch and each row's details are one search in an index: put as
-- joins they may be done by reading all rows. Nothing as long as the horizon does not lie behind the last stretch ($5).
SELECT e.seq, e.account, e.user_id, e.campaign, e.gateway_key, e.kind, e.type, e.at, e.recorded_at, e.catalog, e.plan, e.flags, e.target,
  e.source, e.provider, e.model, e.endpoint, e.status, e.latency_ms, e.body,
  d.id, d.request_id, d.resource, d.address, d.user_agent, d.properties,
  d.user_name, d.campaign, d.gateway_key, e.fingerprint, d.reason, d.actor
FROM unnest($2, $3) u (first, last)
CROSS JOIN LATERAL (
  SELECT * FROM events WHERE workspace = $1 AND seq >= u.first AND seq <= u.last AND (SELECT current_setting('app.horizon')::bigint) >= $5 ORDER BY seq LIMIT $4) e
LEFT JOIN LATERAL (SELECT * FROM event_details WHERE workspace = $1 AND seq = e.seq AND recorded_at = e.recorded_at LIMIT 1) d ON true
ORDER BY e.seq LIMIT $4
