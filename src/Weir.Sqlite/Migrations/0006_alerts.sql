-- The inboxes of all accounts. id follows from what the alert is about, so that the same is raised once (ALERT-1); facts: what never
-- changes of it, as JSON; period_end: when it is over by itself.
CREATE TABLE alerts (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace       INTEGER NOT NULL,
  account         INTEGER NOT NULL,
  id              TEXT    NOT NULL,
  kind            INTEGER NOT NULL,
  period_end      INTEGER NOT NULL,
  raised_at       INTEGER NOT NULL,
  resolved_at     INTEGER,
  resolution      INTEGER,
  read_at         INTEGER,
  acknowledged_at INTEGER,
  acknowledged_by TEXT,
  facts           TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX alerts_by_id ON alerts (workspace, id);

CREATE INDEX alerts_by_account ON alerts (workspace, account, number);

CREATE INDEX alerts_standing ON alerts (workspace, period_end) WHERE resolved_at IS NULL;
