-- All rows of a batch at once. COPY is not possible under row-level security. Arrays that are taken apart side by side in the list of a
-- SELECT become rows one by one; unnest of several in FROM keeps each of them as a table first.
INSERT INTO events (
  workspace, seq, account, user_id, campaign, gateway_key, kind, type, at, recorded_at, catalog, plan, flags, target,
  source, provider, model, endpoint, status, latency_ms, fingerprint, body)
SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12),
  unnest($13), unnest($14), unnest($15), unnest($16), unnest($17), unnest($18), unnest($19), unnest($20), unnest($21), unnest($22)
