-- When the file is opened: whoever had claimed these is gone with the process that had the file before.
UPDATE deliveries SET ready_at = min(ready_at, ?1), claimed = 0 WHERE state = 0 AND claimed = 1
