-- The ledger goes by its age. What the entries of a stretch of time moved is carried forward as sums, one row for each balance and grant,
-- which count from the moment on in which the ledger's start moves behind that stretch (start_at): every entry that was recorded before it is
-- in them then. Rows are only ever added.

CREATE TABLE carried_balances (
  workspace    INTEGER NOT NULL,
  start_at     INTEGER NOT NULL,
  account      INTEGER NOT NULL,
  meter        TEXT    NOT NULL,
  per          INTEGER NOT NULL,
  scope        INTEGER NOT NULL,
  scope_id     INTEGER NOT NULL,
  period_start INTEGER NOT NULL,
  used         INTEGER NOT NULL,
  held         INTEGER NOT NULL,
  PRIMARY KEY (workspace, start_at, account, meter, per, scope, scope_id, period_start)
) STRICT, WITHOUT ROWID;

CREATE TABLE carried_grants (
  workspace    INTEGER NOT NULL,
  grant_number INTEGER NOT NULL,
  account      INTEGER NOT NULL,
  start_at     INTEGER NOT NULL,
  used         INTEGER NOT NULL,
  held         INTEGER NOT NULL,
  PRIMARY KEY (workspace, grant_number, account, start_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_starts (
  workspace INTEGER NOT NULL,
  start_at  INTEGER NOT NULL,
  PRIMARY KEY (workspace, start_at)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER carried_balances_stay_as_they_are BEFORE UPDATE ON carried_balances BEGIN
  SELECT RAISE(ABORT, 'what the ledger carries is never changed');
END;

CREATE TRIGGER carried_balances_are_not_deleted BEFORE DELETE ON carried_balances BEGIN
  SELECT RAISE(ABORT, 'what the ledger carries is never deleted');
END;

CREATE TRIGGER carried_grants_stay_as_they_are BEFORE UPDATE ON carried_grants BEGIN
  SELECT RAISE(ABORT, 'what the ledger carries is never changed');
END;

CREATE TRIGGER carried_grants_are_not_deleted BEFORE DELETE ON carried_grants BEGIN
  SELECT RAISE(ABORT, 'what the ledger carries is never deleted');
END;

CREATE TRIGGER ledger_starts_stay_as_they_are BEFORE UPDATE ON ledger_starts BEGIN
  SELECT RAISE(ABORT, 'the starts of the ledger are never changed');
END;

CREATE TRIGGER ledger_starts_are_not_deleted BEFORE DELETE ON ledger_starts BEGIN
  SELECT RAISE(ABORT, 'the starts of the ledger are never deleted');
END;

DROP TRIGGER events_are_not_deleted;

CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
WHEN OLD.recorded_at >= coalesce((SELECT max(start_at) FROM ledger_starts WHERE workspace = OLD.workspace), -9223372036854775808)
BEGIN
  SELECT RAISE(ABORT, 'entries of the ledger are never deleted before what they add up to has been carried forward');
END;

-- When summaries are made anew, cells before the ledger's start (kept_before) stay: they hold every entry up to a number (kept_to).
ALTER TABLE workspaces ADD COLUMN kept_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN kept_before INTEGER NOT NULL DEFAULT -9223372036854775808;
