-- The end of a run; changes no row when another has taken the job.
UPDATE scheduled_jobs SET lease_until = NULL, finished_at = $4, through = coalesce($5, through), got_to = $5, accounts = $6, written = $7, failures = $8, error = $9
WHERE workspace = $1 AND job = $2 AND fence = $3 AND lease_until IS NOT NULL
