-- Only those that name the user ($4); names of campaigns and keys belong to the whole account.
UPDATE event_details d SET id = NULL, user_name = NULL, request_id = NULL, resource = NULL, address = NULL, user_agent = NULL, properties = NULL, reason = NULL, actor = NULL
FROM unnest($2, $3) u (seq, recorded_at) JOIN events e ON e.workspace = $1 AND e.seq = u.seq AND e.recorded_at = u.recorded_at AND e.user_id = $4
WHERE d.workspace = $1 AND d.seq = u.seq AND d.recorded_at = u.recorded_at
