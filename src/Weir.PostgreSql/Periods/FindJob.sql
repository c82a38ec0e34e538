-- A job with its last run.
SELECT owner, fence, lease_until, started_at, finished_at, through, accounts, written, failures, error, got_to FROM scheduled_jobs WHERE workspace = $1 AND job = $2
