-- Along the index of plans. Account 0 is the workspace itself.
SELECT plan, count(*) FROM accounts WHERE workspace = ?1 AND id <> 0 GROUP BY plan
