-- They can be made again from the log.
DELETE FROM summaries WHERE workspace = $1
