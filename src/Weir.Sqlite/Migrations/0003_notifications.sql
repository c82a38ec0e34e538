-- The outbox: what is to be told to the outside. Rows are written with what they tell of and are never changed. Numbers are never used
-- twice, also after retention has removed the newest row: followers remember how far they came.
CREATE TABLE notifications (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace INTEGER NOT NULL,
  id        TEXT    NOT NULL,
  type      TEXT    NOT NULL,
  account   INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  data      TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX notifications_by_id ON notifications (workspace, id);

CREATE INDEX notifications_by_time ON notifications (workspace, at);

CREATE TRIGGER notifications_stay_as_they_are BEFORE UPDATE ON notifications BEGIN
  SELECT RAISE(ABORT, 'notifications are never changed');
END;

CREATE TABLE notification_followers (
  workspace INTEGER NOT NULL,
  follower  TEXT    NOT NULL,
  seq       INTEGER NOT NULL,
  PRIMARY KEY (workspace, follower)
) STRICT, WITHOUT ROWID;

-- disabled: a reason, null while it is enabled. types: a JSON array, empty for all.
CREATE TABLE webhooks (
  workspace       INTEGER NOT NULL,
  id              TEXT    NOT NULL,
  url             TEXT    NOT NULL,
  description     TEXT,
  types           TEXT    NOT NULL,
  disabled        INTEGER,
  disabled_at     INTEGER,
  created_at      INTEGER NOT NULL,
  last_success_at INTEGER,
  PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

-- Encrypted under the master key. The highest number is the newest.
CREATE TABLE webhook_secrets (
  workspace  INTEGER NOT NULL,
  webhook    TEXT    NOT NULL,
  number     INTEGER NOT NULL,
  sealed     BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (workspace, webhook, number)
) STRICT, WITHOUT ROWID;

-- Personal data: rows are deleted by erase. Nothing else holds an address.
CREATE TABLE contacts (
  workspace  INTEGER NOT NULL,
  account    INTEGER NOT NULL,
  address    TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  types      TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (workspace, account, address),
  UNIQUE (workspace, id)
) STRICT, WITHOUT ROWID;

-- What is on its way to a webhook or a contact. ready_at: when it may be taken; null when it is over. While it is claimed, that is when
-- the claim ends.
CREATE TABLE deliveries (
  workspace   INTEGER NOT NULL,
  target      TEXT    NOT NULL,
  seq         INTEGER NOT NULL,
  state       INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  tried_since INTEGER,
  ready_at    INTEGER,
  claimed     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  finished_at INTEGER,
  PRIMARY KEY (workspace, target, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_waiting ON deliveries (workspace, target, ready_at, seq) WHERE state = 0;

CREATE INDEX deliveries_by_message ON deliveries (workspace, seq);

CREATE INDEX deliveries_finished ON deliveries (workspace, finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE delivery_attempts (
  workspace INTEGER NOT NULL,
  target    TEXT    NOT NULL,
  seq       INTEGER NOT NULL,
  number    INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  status    INTEGER,
  error     TEXT,
  answer    TEXT,
  took      INTEGER NOT NULL,
  PRIMARY KEY (workspace, target, seq, number)
) STRICT, WITHOUT ROWID;
