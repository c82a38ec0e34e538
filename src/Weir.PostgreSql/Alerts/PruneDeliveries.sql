-- Deliveries that are over, with their attempts. Gives how many; what another node is about to forget is left to it.
WITH over AS MATERIALIZED (
  SELECT target, seq FROM deliveries WHERE workspace = $1 AND finished_at < $2 LIMIT $3 FOR UPDATE SKIP LOCKED
), attempts AS (
  DELETE FROM delivery_attempts a USING over o WHERE a.workspace = $1 AND a.target = o.target AND a.seq = o.seq
), gone AS (
  DELETE FROM deliveries d USING over o WHERE d.workspace = $1 AND d.target = o.target AND d.seq = o.seq RETURNING 1
)
SELECT count(*)::integer FROM gone
