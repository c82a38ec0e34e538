-- All rows of a batch at once. COPY is not possible under row-level security.
INSERT INTO events (
  workspace, seq, account, user_id, campaign, gateway_key, kind, type, at, recorded_at, catalog, plan, flags, target,
  source, provider, model, endpoint, status, latency_ms, fingerprint, body)
SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) u
