-- How an attempt ended.
INSERT INTO delivery_attempts (workspace, target, seq, number, at, status, error, answer, took) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
