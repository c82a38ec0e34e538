-- The same of one user (?3); names of campaigns and keys belong to the whole account.
UPDATE event_details SET
  id = CASE WHEN id IS NOT NULL THEN CAST(zeroblob(length(CAST(id AS BLOB))) AS TEXT) END,
  user = CASE WHEN user IS NOT NULL THEN CAST(zeroblob(length(CAST(user AS BLOB))) AS TEXT) END,
  request_id = CASE WHEN request_id IS NOT NULL THEN CAST(zeroblob(length(CAST(request_id AS BLOB))) AS TEXT) END,
  resource = CASE WHEN resource IS NOT NULL THEN CAST(zeroblob(length(CAST(resource AS BLOB))) AS TEXT) END,
  address = CASE WHEN address IS NOT NULL THEN CAST(zeroblob(length(CAST(address AS BLOB))) AS TEXT) END,
  user_agent = CASE WHEN user_agent IS NOT NULL THEN CAST(zeroblob(length(CAST(user_agent AS BLOB))) AS TEXT) END,
  properties = CASE WHEN properties IS NOT NULL THEN CAST(zeroblob(length(CAST(properties AS BLOB))) AS TEXT) END,
  reason = CASE WHEN reason IS NOT NULL THEN CAST(zeroblob(length(CAST(reason AS BLOB))) AS TEXT) END,
  actor = CASE WHEN actor IS NOT NULL THEN CAST(zeroblob(length(CAST(actor AS BLOB))) AS TEXT) END
WHERE seq IN (SELECT j.value FROM json_each(?1) j CROSS JOIN events e ON e.seq = j.value WHERE e.workspace = ?2 AND e.user = ?3)
