-- Plans over time: what is planned for an account, and what it had before, each as JSON: [{"at":…,"plan":"…","version":…}].
ALTER TABLE accounts ADD COLUMN planned TEXT;
ALTER TABLE accounts ADD COLUMN former_plans TEXT;

CREATE INDEX accounts_with_plans_ahead ON accounts (workspace) WHERE planned IS NOT NULL;

-- How balances stood when their periods closed. Written once; a repeat of the job that writes them changes nothing. overage_rate is a
-- decimal number as text.
CREATE TABLE closings (
  workspace    INTEGER NOT NULL,
  account      INTEGER NOT NULL,
  period_end   INTEGER NOT NULL,
  meter        TEXT    NOT NULL,
  per          INTEGER NOT NULL,
  scope        INTEGER NOT NULL,
  scope_id     INTEGER NOT NULL,
  period_start INTEGER NOT NULL,
  scale        INTEGER NOT NULL,
  plan         TEXT    NOT NULL,
  catalog      INTEGER NOT NULL,
  limit_units  INTEGER,
  enforcement  INTEGER NOT NULL,
  granted      INTEGER NOT NULL,
  used         INTEGER NOT NULL,
  overage_rate TEXT,
  closed_at    INTEGER NOT NULL,
  PRIMARY KEY (workspace, account, period_end, meter, per, scope, scope_id, period_start)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER closings_stay_as_they_are BEFORE UPDATE ON closings BEGIN
  SELECT RAISE(ABORT, 'closing summaries are never changed');
END;

-- Work that runs by the clock: who runs it until when, and what became of the last run. through: up to where it is done.
CREATE TABLE scheduled_jobs (
  workspace   INTEGER NOT NULL,
  job         TEXT    NOT NULL,
  owner       TEXT    NOT NULL,
  fence       INTEGER NOT NULL,
  lease_until INTEGER,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  through     INTEGER,
  accounts    INTEGER NOT NULL DEFAULT 0,
  written     INTEGER NOT NULL DEFAULT 0,
  failures    INTEGER NOT NULL DEFAULT 0,
  error       TEXT,
  got_to      INTEGER,
  PRIMARY KEY (workspace, job)
) STRICT, WITHOUT ROWID;
