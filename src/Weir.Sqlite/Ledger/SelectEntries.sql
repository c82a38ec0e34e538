-- Whole entries with what may have been erased of them. Their numbers are given by a statement from a file of its own, put in below, so
-- that columns and joins are written once.
SELECT e.seq, e.account, e.user, e.campaign, e.gateway_key, e.kind, e.type, e.at, e.recorded_at, e.catalog, e.plan, e.flags, e.target,
  e.source, e.provider, e.model, e.endpoint, e.status, e.latency_ms, e.body,
  d.id, d.request_id, d.resource, d.address, d.user_agent, d.properties,
  d.user, d.campaign, d.gateway_key, e.fingerprint, d.reason, d.actor
FROM (
{rows}
) r
CROSS JOIN events e ON e.seq = r.seq AND e.workspace = ?1
LEFT JOIN event_details d ON d.seq = e.seq
ORDER BY r.seq {direction}
