-- Whole entries with what may have been erased of them; which ones stands in a file of its own, put in below. What may have been erased is
-- one search in the index for each entry: put as a plain join it is found by reading all of a month that has not been analysed yet, because
-- the planner then takes hundreds of entries for one.
SELECT e.seq, e.account, e.user_id, e.campaign, e.gateway_key, e.kind, e.type, e.at, e.recorded_at, e.catalog, e.plan, e.flags, e.target,
  e.source, e.provider, e.model, e.endpoint, e.status, e.latency_ms, e.body,
  d.id, d.request_id, d.resource, d.address, d.user_agent, d.properties,
  d.user_name, d.campaign, d.gateway_key, e.fingerprint, d.reason, d.actor
FROM events e LEFT JOIN LATERAL
  (SELECT * FROM event_details WHERE workspace = e.workspace AND seq = e.seq AND recorded_at = e.recorded_at LIMIT 1) d ON true
WHERE e.workspace = $1
{rows}
