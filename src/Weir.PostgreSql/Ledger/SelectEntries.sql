-- Whole entries with what may have been erased of them; which ones stands in a file of its own, put in below.
SELECT e.seq, e.account, e.user_id, e.campaign, e.gateway_key, e.kind, e.type, e.at, e.recorded_at, e.catalog, e.plan, e.flags, e.target,
  e.source, e.provider, e.model, e.endpoint, e.status, e.latency_ms, e.body,
  d.id, d.request_id, d.resource, d.address, d.user_agent, d.properties,
  d.user_name, d.campaign, d.gateway_key, e.fingerprint, d.reason, d.actor
FROM events e LEFT JOIN event_details d ON d.workspace = e.workspace AND d.seq = e.seq AND d.recorded_at = e.recorded_at
WHERE e.workspace = $1
{rows}
