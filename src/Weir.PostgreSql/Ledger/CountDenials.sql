-- Denials are counted, not listed: a caller that is refused all day must not fill the disk.
INSERT INTO denial_counts AS c (workspace, bucket, account, type, refusal, count)
SELECT $1, u.bucket, u.account, u.type, u.refusal, u.count FROM unnest($2, $3, $4, $5, $6) u (bucket, account, type, refusal, count) ORDER BY 2, 3, 4, 5
ON CONFLICT (workspace, bucket, account, type, refusal) DO UPDATE SET count = c.count + excluded.count
