-- What may be erased of events; a row only where there is something.
INSERT INTO event_details (workspace, seq, recorded_at, id, user_name, campaign, gateway_key, request_id, resource, address, user_agent, properties, reason, actor)
SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) u
