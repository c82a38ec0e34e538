-- Known from here on for as long as the file lives.
INSERT INTO used_meters (workspace, meter) VALUES (?1, ?2) ON CONFLICT DO NOTHING
