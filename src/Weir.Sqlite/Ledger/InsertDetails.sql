-- What may be erased of an event; a row only where there is something.
INSERT INTO event_details (seq, id, user, campaign, gateway_key, request_id, resource, address, user_agent, properties, reason, actor)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
