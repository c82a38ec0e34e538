-- They can be made again from the log, from where it begins ($2).
DELETE FROM summaries WHERE workspace = $1 AND bucket >= $2
