-- Known from here on for as long as the database lives.
INSERT INTO used_meters (workspace, meter) SELECT $1, u.meter FROM unnest($2) u (meter) ORDER BY u.meter ON CONFLICT DO NOTHING
