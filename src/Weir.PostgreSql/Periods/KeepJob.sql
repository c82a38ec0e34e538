-- Holds on to a lease; changes no row when another has taken the job.
UPDATE scheduled_jobs SET lease_until = $4 WHERE workspace = $1 AND job = $2 AND fence = $3 AND lease_until IS NOT NULL
