-- Zeros over the texts where they lie. A row that keeps its length is changed in its place: nothing of it is moved, so no page keeps an
-- older copy, as it may where rows are deleted and their neighbours move together.
UPDATE event_details SET
  id = CASE WHEN id IS NOT NULL THEN CAST(zeroblob(length(CAST(id AS BLOB))) AS TEXT) END,
  user = CASE WHEN user IS NOT NULL THEN CAST(zeroblob(length(CAST(user AS BLOB))) AS TEXT) END,
  campaign = CASE WHEN campaign IS NOT NULL THEN CAST(zeroblob(length(CAST(campaign AS BLOB))) AS TEXT) END,
  gateway_key = CASE WHEN gateway_key IS NOT NULL THEN CAST(zeroblob(length(CAST(gateway_key AS BLOB))) AS TEXT) END,
  request_id = CASE WHEN request_id IS NOT NULL THEN CAST(zeroblob(length(CAST(request_id AS BLOB))) AS TEXT) END,
  resource = CASE WHEN resource IS NOT NULL THEN CAST(zeroblob(length(CAST(resource AS BLOB))) AS TEXT) END,
  address = CASE WHEN address IS NOT NULL THEN CAST(zeroblob(length(CAST(address AS BLOB))) AS TEXT) END,
  user_agent = CASE WHEN user_agent IS NOT NULL THEN CAST(zeroblob(length(CAST(user_agent AS BLOB))) AS TEXT) END,
  properties = CASE WHEN properties IS NOT NULL THEN CAST(zeroblob(length(CAST(properties AS BLOB))) AS TEXT) END,
  reason = CASE WHEN reason IS NOT NULL THEN CAST(zeroblob(length(CAST(reason AS BLOB))) AS TEXT) END,
  actor = CASE WHEN actor IS NOT NULL THEN CAST(zeroblob(length(CAST(actor AS BLOB))) AS TEXT) END
WHERE seq IN (SELECT value FROM json_each(?1))
