-- One row for one entry. Sequence numbers are given by the writer, which is alone: they rise without gaps and in the order of commits,
-- so that whoever follows the ledger misses nothing.
INSERT INTO events (
  seq, workspace, account, user, campaign, gateway_key, kind, type, at, recorded_at, catalog, plan, flags, target,
  source, provider, model, endpoint, status, latency_ms, id, fingerprint, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)
