-- Ids of denials can go by their age: the runtime role may not delete ids, so it asks a function of the owner, which row-level security
-- holds to the workspace that the transaction has named. Ids of effects stay as long as their entries.

CREATE INDEX ids_of_denials ON ids (workspace, recorded_at) WHERE seq IS NULL;

-- Takes the next ids of denials that were decided before a time, the oldest first, and says how many. None younger than 400 days by the
-- database's own clock, whoever asks.
CREATE FUNCTION prune_ids(before bigint, most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
  pruned integer;
BEGIN
  IF before > clock_micros(NULL) - 400 * 86400000000 THEN
    RAISE EXCEPTION 'ids are kept for 400 days' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- Chosen once: joined otherwise, the choice may be made again and again, and more go than were asked for.
  WITH old AS MATERIALIZED (
    SELECT workspace, digest FROM ids
    WHERE workspace = (SELECT nullif(current_setting('app.workspace', true), '')::integer) AND seq IS NULL AND recorded_at < before
    ORDER BY recorded_at LIMIT most FOR UPDATE SKIP LOCKED
  )
  DELETE FROM ids i USING old o WHERE i.workspace = o.workspace AND i.digest = o.digest;
  GET DIAGNOSTICS pruned = ROW_COUNT;
  RETURN pruned;
END
$$;

REVOKE EXECUTE ON FUNCTION prune_ids(bigint, integer) FROM PUBLIC;
