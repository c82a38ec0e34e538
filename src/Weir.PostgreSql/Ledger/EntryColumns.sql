-- As EntryRows reads them.
e.seq, e.account, e.user_id, e.campaign, e.gateway_key, e.kind, e.type, e.at, e.recorded_at, e.catalog, e.plan, e.flags, e.target,
  e.source, e.provider, e.model, e.endpoint, e.status, e.latency_ms, e.body,
  d.id, d.request_id, d.resource, d.address, d.user_agent, d.properties,
  d.user_name, d.campaign, d.gateway_key, e.fingerprint, d.reason, d.actor
