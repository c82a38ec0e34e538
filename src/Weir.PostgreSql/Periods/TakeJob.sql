-- Takes a job that nobody runs; no row when somebody does.
INSERT INTO scheduled_jobs AS j (workspace, job, owner, fence, lease_until, started_at) VALUES ($1, $2, $3, 1, $4, $5)
ON CONFLICT (workspace, job) DO UPDATE SET owner = excluded.owner, fence = j.fence + 1, lease_until = excluded.lease_until, started_at = excluded.started_at
  WHERE j.lease_until IS NULL OR j.lease_until <= $5
RETURNING fence, through
