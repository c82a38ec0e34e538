-- The ledger goes by its age, a month at a time. What the entries of a month moved is carried forward as sums, one row for each balance and
-- grant, which count from the moment on in which the workspace's ledger starts behind that month (start_at): every entry that was recorded
-- before it is in them then. The runtime role adds rows and changes none; it may not delete entries and ids, so it asks functions of the
-- owner, which look for themselves whether what they are asked for may go.

CREATE TABLE carried_balances (
  workspace    integer NOT NULL,
  start_at     bigint  NOT NULL,
  account      bigint  NOT NULL,
  meter        text COLLATE "C" NOT NULL,
  per          integer NOT NULL,
  scope        integer NOT NULL,
  scope_id     bigint  NOT NULL,
  period_start bigint  NOT NULL,
  used         bigint  NOT NULL,
  held         bigint  NOT NULL,
  PRIMARY KEY (workspace, start_at, account, meter, per, scope, scope_id, period_start)
);

CREATE TABLE carried_grants (
  workspace    integer NOT NULL,
  grant_number bigint  NOT NULL,
  account      bigint  NOT NULL,
  start_at     bigint  NOT NULL,
  used         bigint  NOT NULL,
  held         bigint  NOT NULL,
  PRIMARY KEY (workspace, grant_number, account, start_at)
);

-- No ledger starts within 400 days by the database's own clock, whoever says so: a start is never taken back.
CREATE TABLE ledger_starts (
  workspace integer NOT NULL,
  start_at  bigint  NOT NULL CHECK (start_at <= clock_micros(NULL) - 400 * 86400000000),
  PRIMARY KEY (workspace, start_at)
);

SELECT isolate('carried_balances'), isolate('carried_grants'), isolate('ledger_starts');

-- When summaries are made anew, cells before the ledger's start (kept_before) stay: they hold every entry up to a number (kept_to).
ALTER TABLE checkpoints ADD COLUMN kept_to bigint NOT NULL DEFAULT 0, ADD COLUMN kept_before bigint NOT NULL DEFAULT -9223372036854775808;

-- To find a month of what is not partitioned by time. Ranges of pages (brin) would do until pages that went with old months are used again:
-- from then on a month would be looked for in all of them. All ids of a batch have one time, so an entry of the index takes few bytes.
CREATE INDEX ids_by_time ON ids (workspace, recorded_at) WHERE seq IS NOT NULL;
CREATE INDEX grant_draws_by_time ON grant_draws (workspace, recorded_at);

-- From when on the ledger of the workspace that the transaction has named is whole; the beginning of time while nothing is carried.
CREATE FUNCTION ledger_start() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT max(start_at) FROM ledger_starts WHERE workspace = (SELECT nullif(current_setting('app.workspace', true), '')::integer)), -9223372036854775808)
$$;

-- Open reservations (kind 1 of the parts of states) and grants that accounts have (3), of the workspace that the transaction has named, up to a
-- number: their entries stay.
CREATE FUNCTION living_numbers(last bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(DISTINCT number), '{}') FROM account_parts
  WHERE workspace = (SELECT nullif(current_setting('app.workspace', true), '')::integer) AND kind IN (1, 3) AND number <= last
$$;

-- Numbers of the entries of a stretch of time before the ledger's start that stay, of the workspace that the transaction has named: those that
-- belong (as the entry that others are about, or as one of these) to something living, to an entry that is not carried, or to the newest.
-- Entries that are not carried and about so old ones are few, and numbers rise with time, so an index on targets finds them.
CREATE FUNCTION kept_entries(low bigint, high bigint, living bigint[]) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  own   integer := nullif(current_setting('app.workspace', true), '')::integer;
  start bigint  := ledger_start();
  last  bigint;
  roots bigint[];
BEGIN
  SELECT seq INTO last FROM events WHERE workspace = own AND recorded_at >= low AND recorded_at < high ORDER BY seq DESC LIMIT 1;
  IF last IS NULL THEN
    RETURN '{}';
  END IF;
  SELECT coalesce(array_agg(DISTINCT number), '{}') INTO roots FROM (
    SELECT number FROM unnest(living) l (number) WHERE number <= last
    UNION ALL SELECT target FROM events WHERE workspace = own AND recorded_at >= start AND target <= last
    UNION ALL (SELECT coalesce(target, seq) FROM events WHERE workspace = own ORDER BY seq DESC LIMIT 1)
  ) kept;
  RETURN (
    SELECT coalesce(array_agg(seq), '{}') FROM (
      SELECT e.seq FROM events e WHERE e.workspace = own AND e.recorded_at >= low AND e.recorded_at < high AND e.seq = ANY (roots)
      UNION
      SELECT e.seq FROM events e WHERE e.workspace = own AND e.recorded_at >= low AND e.recorded_at < high AND e.target = ANY (roots)
    ) kept);
END
$$;

-- Takes the next ids of carried entries of a month, and what these drew of grants, of the workspace that the transaction has named, those from
-- a time on, the oldest first. Says how many ids it took and from when on the next call should go on: from the month's end when there is nothing
-- more to do. What is kept keeps both. None younger than 400 days by the database's own clock, whoever asks.
CREATE FUNCTION prune_carried(month bigint, since bigint, most integer, OUT ids_gone integer, OUT reached bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp AS $$
DECLARE
  own      integer   := nullif(current_setting('app.workspace', true), '')::integer;
  start_at timestamp := date_trunc('month', timestamp '1970-01-01' + month * interval '1 microsecond');
  low      bigint    := (extract(epoch FROM start_at) * 1000000)::bigint;
  high     bigint    := (extract(epoch FROM start_at + interval '1 month') * 1000000)::bigint;
  kept     bigint[];
BEGIN
  IF high > clock_micros(NULL) - 400 * 86400000000 THEN
    RAISE EXCEPTION 'ids are kept for 400 days' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF high > ledger_start() THEN
    RAISE EXCEPTION 'ids are kept as long as the ledger' USING ERRCODE = 'insufficient_privilege';
  END IF;
  kept := kept_entries(low, high, living_numbers(9223372036854775807));
  -- Chosen once, as in prune_ids. What is kept may be much: it is hashed once.
  WITH old AS MATERIALIZED (
    SELECT workspace, digest, recorded_at FROM ids
    WHERE workspace = own AND recorded_at >= greatest(low, since) AND recorded_at < high AND seq IS NOT NULL AND seq NOT IN (SELECT unnest(kept))
    ORDER BY recorded_at LIMIT most FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM ids i USING old o WHERE i.workspace = o.workspace AND i.digest = o.digest RETURNING o.recorded_at
  )
  SELECT count(*), CASE WHEN count(*) < most THEN high ELSE max(g.recorded_at) END INTO ids_gone, reached FROM gone g;
  IF reached = high THEN
    DELETE FROM grant_draws WHERE workspace = own AND recorded_at >= low AND recorded_at < high AND seq NOT IN (SELECT unnest(kept));
  END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION prune_carried(bigint, bigint, integer) FROM PUBLIC;

-- What drop_month does, as the workspace that it names for each in turn.
CREATE FUNCTION drop_month_of_all(month bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  start_at   timestamp := date_trunc('month', timestamp '1970-01-01' + month * interval '1 microsecond');
  low        bigint    := (extract(epoch FROM start_at) * 1000000)::bigint;
  high       bigint    := (extract(epoch FROM start_at + interval '1 month') * 1000000)::bigint;
  part       text      := 'events_' || to_char(start_at, 'YYYYMM');
  details    text      := 'event_details_' || to_char(start_at, 'YYYYMM');
  own        integer;
  owners     integer[] := '{}';
  living     bigint[];
  kept       bigint[];
  alive      jsonb     := '{}';
  stays      bigint    := 0;
  goes       bigint    := 0;
  few        constant bigint := 1000;
  most       constant bigint := 50000;
  rows       events[]        := '{}';
  texts      event_details[] := '{}';
BEGIN
  IF high > clock_micros(NULL) - 400 * 86400000000 THEN
    RAISE EXCEPTION 'entries are kept for 400 days' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NOT pg_try_advisory_xact_lock(22376::bigint << 48) THEN
    RETURN 'busy';
  END IF;
  IF to_regclass('weir.' || part) IS NULL THEN
    RETURN 'gone';
  END IF;

  FOR own IN SELECT id FROM workspaces ORDER BY id LOOP
    PERFORM set_config('app.workspace', own::text, true);
    CONTINUE WHEN NOT EXISTS (SELECT FROM events WHERE workspace = own AND recorded_at >= low AND recorded_at < high)
      AND NOT EXISTS (SELECT FROM event_details WHERE workspace = own AND recorded_at >= low AND recorded_at < high);
    IF ledger_start() < high THEN
      RETURN 'waits';
    END IF;
    living := living_numbers(9223372036854775807);
    kept := kept_entries(low, high, living);
    -- Its ids first: one that leads to an entry that is gone could be neither answered nor used.
    IF EXISTS (SELECT FROM ids WHERE workspace = own AND recorded_at >= low AND recorded_at < high AND seq IS NOT NULL AND seq NOT IN (SELECT unnest(kept)))
      OR EXISTS (SELECT FROM grant_draws WHERE workspace = own AND recorded_at >= low AND recorded_at < high AND seq NOT IN (SELECT unnest(kept))) THEN
      RETURN 'waits';
    END IF;
    owners := owners || own;
    alive := alive || jsonb_build_object(own::text, to_jsonb(living));
    stays := stays + cardinality(kept);
    goes := goes + (SELECT count(*) FROM (
      SELECT FROM events WHERE workspace = own AND recorded_at >= low AND recorded_at < high AND seq NOT IN (SELECT unnest(kept)) LIMIT 1 + most) going);
  END LOOP;
  -- What stays is put back while others wait for it: only so much, and only when as much goes as stays, or it would be done again for each that ends.
  IF owners <> '{}' AND (goes = 0 OR stays > most OR (stays > few AND goes < stays)) THEN
    RETURN 'kept';
  END IF;

  BEGIN
    IF stays > 0 THEN
      EXECUTE format('LOCK TABLE %I, %I IN ACCESS EXCLUSIVE MODE', part, details);
    ELSE
      LOCK TABLE ONLY events, ONLY event_details IN ACCESS EXCLUSIVE MODE;
      EXECUTE format('LOCK TABLE %I, %I IN ACCESS EXCLUSIVE MODE', part, details);
    END IF;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    RETURN 'locked';
  END;

  -- Nobody is under way any more who has seen an entry of the month: what they wrote about it is seen now.
  FOREACH own IN ARRAY owners LOOP
    PERFORM set_config('app.workspace', own::text, true);
    kept := kept_entries(low, high, ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(alive -> own::text)));
    rows := rows || ARRAY(SELECT e FROM events e WHERE workspace = own AND recorded_at >= low AND recorded_at < high AND seq = ANY (kept));
    texts := texts || ARRAY(SELECT d FROM event_details d WHERE workspace = own AND recorded_at >= low AND recorded_at < high AND seq = ANY (kept));
  END LOOP;
  IF cardinality(rows) = 0 AND stays = 0 THEN
    EXECUTE format('DROP TABLE %I, %I', part, details);
    RETURN 'gone';
  END IF;

  IF stays = 0 THEN
    -- Somebody has just made one stay.
    RETURN 'locked';
  END IF;

  EXECUTE format('TRUNCATE %I, %I', part, details);
  FOREACH own IN ARRAY owners LOOP
    PERFORM set_config('app.workspace', own::text, true);
    INSERT INTO events SELECT r.* FROM unnest(rows) r WHERE r.workspace = own;
    INSERT INTO event_details SELECT t.* FROM unnest(texts) t WHERE t.workspace = own;
  END LOOP;
  RETURN 'kept';
END
$$;

REVOKE EXECUTE ON FUNCTION drop_month_of_all(bigint) FROM PUBLIC;

-- Takes the carried entries of a month away, of all workspaces at once: the partition goes, or is emptied but for what is kept. Says what became
-- of it: 'gone' (there is no partition any more), 'kept' (nothing more can go), 'waits' (a workspace has not carried the month, or still has its ids), 'busy' (somebody
-- else does it) or 'locked' (somebody reads or writes the ledger for long: whoever came after must not wait behind this). It looks at each workspace
-- in turn, because row-level security holds the owner too, and trusts nothing that it was told. None younger than 400 days by the database's own clock.
CREATE FUNCTION drop_month(month bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = weir, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  named   text := coalesce(current_setting('app.workspace', true), '');
  outcome text := drop_month_of_all(month);
BEGIN
  PERFORM set_config('app.workspace', named, true);
  RETURN outcome;
END
$$;

REVOKE EXECUTE ON FUNCTION drop_month(bigint) FROM PUBLIC;
