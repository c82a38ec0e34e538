-- How far the file has come.
SELECT max(number) FROM migrations
