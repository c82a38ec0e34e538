-- What may be erased of events; a row only where there is something.
INSERT INTO event_details (workspace, seq, recorded_at, id, user_name, campaign, gateway_key, request_id, resource, address, user_agent, properties, reason, actor)
SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14)
