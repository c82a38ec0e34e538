-- By their numbers.
SELECT value AS seq FROM json_each(?2)
