-- Meters that have entries.
SELECT meter FROM used_meters WHERE workspace = $1
