-- Denials are counted, not listed: a caller that is refused all day must not fill the disk.
INSERT INTO denial_counts (workspace, bucket, account, type, refusal, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET count = count + excluded.count
