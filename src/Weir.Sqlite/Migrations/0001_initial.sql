-- The first shape of the file. Every table of a workspace begins its key with the workspace. Times are whole microseconds since the
-- Unix epoch; the open ends of time are the ends of 64 bits.
--
-- Personal data stands in account_profiles, aliases and event_details only: rows of these can be erased without touching the ledger.
--
-- What is appended (events, event_details, denials, journal) is written with each commit. What is found by a random key (accounts,
-- balances, rates, ids, account_events) follows a bounded number of commits later, many neighbours at a time: written at once it would
-- change a page of its own for nearly every event. The journal says from where on it may be missing; see Ledger/README.md.

CREATE TABLE workspaces (
  id             INTEGER PRIMARY KEY,
  key            TEXT    NOT NULL UNIQUE,
  name           TEXT,
  time_zone      TEXT    NOT NULL,
  created_at     INTEGER NOT NULL,
  active_catalog INTEGER NOT NULL DEFAULT 0,
  summed_to      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE api_keys (
  workspace  INTEGER NOT NULL,
  id         TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  live       INTEGER NOT NULL,
  scopes     INTEGER NOT NULL,
  hash       BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_versions (
  workspace  INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  format     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  actor      TEXT,
  document   TEXT    NOT NULL,
  PRIMARY KEY (workspace, version)
) STRICT;

-- Meters that have entries: a catalog may not drop them.
CREATE TABLE used_meters (
  workspace INTEGER NOT NULL,
  meter     TEXT    NOT NULL,
  PRIMARY KEY (workspace, meter)
) STRICT, WITHOUT ROWID;

-- Heads of accounts. Account 0 is the workspace's own.
CREATE TABLE accounts (
  workspace           INTEGER NOT NULL,
  id                  INTEGER NOT NULL,
  version             INTEGER NOT NULL,
  created_at          INTEGER NOT NULL,
  decided_at          INTEGER NOT NULL,
  first_live_event_at INTEGER,
  plan                TEXT    NOT NULL,
  pinned_version      INTEGER,
  suspended           INTEGER NOT NULL,
  timeline            TEXT    NOT NULL,
  overrides           TEXT,
  PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX accounts_by_plan ON accounts (workspace, plan);

CREATE TABLE account_profiles (
  workspace    INTEGER NOT NULL,
  account      INTEGER NOT NULL,
  key          TEXT    NOT NULL,
  name         TEXT,
  external_ids TEXT,
  PRIMARY KEY (workspace, account),
  UNIQUE (workspace, key)
) STRICT, WITHOUT ROWID;

-- The host's names of users, campaigns and gateway keys inside an account.
CREATE TABLE aliases (
  workspace INTEGER NOT NULL,
  account   INTEGER NOT NULL,
  kind      INTEGER NOT NULL,
  name      TEXT    NOT NULL,
  id        INTEGER NOT NULL,
  PRIMARY KEY (workspace, account, kind, name),
  UNIQUE (workspace, account, kind, id)
) STRICT, WITHOUT ROWID;

-- The end of the period stands early in the key, so that the open balances of an account are neighbours, however long its history.
CREATE TABLE balances (
  workspace    INTEGER NOT NULL,
  account      INTEGER NOT NULL,
  period_end   INTEGER NOT NULL,
  meter        TEXT    NOT NULL,
  per          INTEGER NOT NULL,
  scope        INTEGER NOT NULL,
  scope_id     INTEGER NOT NULL,
  period_start INTEGER NOT NULL,
  used         INTEGER NOT NULL,
  held         INTEGER NOT NULL,
  PRIMARY KEY (workspace, account, period_end, meter, per, scope, scope_id, period_start)
) STRICT, WITHOUT ROWID;

-- counts: the sub-buckets from the newest back, as numbers of variable length. From empty_at on nothing of it counts any more.
CREATE TABLE rates (
  workspace INTEGER NOT NULL,
  account   INTEGER NOT NULL,
  scope     INTEGER NOT NULL,
  scope_id  INTEGER NOT NULL,
  name      TEXT    NOT NULL,
  length    INTEGER NOT NULL,
  newest    INTEGER NOT NULL,
  counts    BLOB    NOT NULL,
  empty_at  INTEGER NOT NULL,
  PRIMARY KEY (workspace, account, scope, scope_id, name)
) STRICT, WITHOUT ROWID;

-- The ledger, in the order of its commits. user, campaign and gateway_key are random ids inside the account, 0 for none.
CREATE TABLE events (
  seq         INTEGER PRIMARY KEY,
  workspace   INTEGER NOT NULL,
  account     INTEGER NOT NULL,
  user        INTEGER NOT NULL,
  campaign    INTEGER NOT NULL,
  gateway_key INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  type        TEXT,
  at          INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  catalog     INTEGER NOT NULL,
  plan        TEXT    NOT NULL,
  flags       INTEGER NOT NULL,
  target      INTEGER,
  source      TEXT,
  provider    TEXT,
  model       TEXT,
  endpoint    TEXT,
  status      TEXT,
  latency_ms  INTEGER,
  id          BLOB,
  fingerprint BLOB    NOT NULL,
  body        TEXT    NOT NULL
) STRICT;

CREATE INDEX events_by_target ON events (target) WHERE target IS NOT NULL;

-- Imports are the only rows that may lie any time before they were recorded (flag 4).
CREATE INDEX imported_events ON events (workspace, at) WHERE (flags & 4) <> 0;

CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'entries of the ledger are never changed; corrections are new entries');
END;

CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events BEGIN
  SELECT RAISE(ABORT, 'entries of the ledger are never deleted');
END;

CREATE TABLE event_details (
  seq         INTEGER PRIMARY KEY,
  id          TEXT,
  user        TEXT,
  campaign    TEXT,
  gateway_key TEXT,
  request_id  TEXT,
  resource    TEXT,
  address     TEXT,
  user_agent  TEXT,
  properties  TEXT
) STRICT;

-- Answers of denials, which leave no entry. They answer repeats.
CREATE TABLE denials (
  number      INTEGER PRIMARY KEY,
  workspace   INTEGER NOT NULL,
  id          BLOB    NOT NULL,
  fingerprint BLOB    NOT NULL,
  recorded_at INTEGER NOT NULL,
  answer      TEXT    NOT NULL
) STRICT;

CREATE TABLE denial_counts (
  workspace INTEGER NOT NULL,
  bucket    INTEGER NOT NULL,
  account   INTEGER NOT NULL,
  type      TEXT    NOT NULL,
  refusal   INTEGER NOT NULL,
  count     INTEGER NOT NULL,
  PRIMARY KEY (workspace, bucket, account, type, refusal)
) STRICT, WITHOUT ROWID;

-- Where an id is: the first 64 bits of its SHA-256; the whole of it stands in the row. reference: the event's seq, or the denial's
-- number below zero.
CREATE TABLE ids (
  workspace INTEGER NOT NULL,
  hash      INTEGER NOT NULL,
  reference INTEGER NOT NULL,
  PRIMARY KEY (workspace, hash, reference)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_events (
  workspace INTEGER NOT NULL,
  account   INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  PRIMARY KEY (workspace, account, seq)
) STRICT, WITHOUT ROWID;

-- One row for each commit whose consequences may still be missing in the tables that follow: where its events and denials begin, and
-- what it made of the accounts.
CREATE TABLE journal (
  batch        INTEGER PRIMARY KEY,
  workspace    INTEGER NOT NULL,
  first_seq    INTEGER NOT NULL,
  first_denial INTEGER NOT NULL,
  accounts     BLOB    NOT NULL
) STRICT;

CREATE TABLE summaries (
  workspace     INTEGER NOT NULL,
  dimension     TEXT    NOT NULL,
  bucket        INTEGER NOT NULL,
  account       INTEGER NOT NULL,
  type          TEXT    NOT NULL,
  value         TEXT    NOT NULL,
  events        INTEGER NOT NULL,
  failed        INTEGER NOT NULL,
  latency_ms    INTEGER NOT NULL,
  latency_count INTEGER NOT NULL,
  amounts       TEXT    NOT NULL,
  PRIMARY KEY (workspace, dimension, bucket, account, type, value)
) STRICT, WITHOUT ROWID;

-- Who has the file open to write, for the message that a second process shows.
CREATE TABLE owner (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  process INTEGER NOT NULL,
  machine TEXT    NOT NULL,
  since   INTEGER NOT NULL
) STRICT;
