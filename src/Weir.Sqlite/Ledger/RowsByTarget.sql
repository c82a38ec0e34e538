-- What came after the given entries.
SELECT t.seq AS seq FROM json_each(?2) j CROSS JOIN events t ON t.target = j.value
