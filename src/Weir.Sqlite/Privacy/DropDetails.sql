-- After their texts have been overwritten.
DELETE FROM event_details WHERE seq IN (SELECT value FROM json_each(?1))
