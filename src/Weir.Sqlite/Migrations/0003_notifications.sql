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

CREATE TRIGGER notifications_stay_as_they_are BEFORE UPDATE ON notifications BEGIN
  SELECT RAISE(ABORT, 'notifications are never changed');
END;

CREATE TABLE notification_followers (
  workspace INTEGER NOT NULL,
  follower  TEXT    NOT NULL,
  seq       INTEGER NOT NULL,
  PRIMARY KEY (workspace, follower)
) STRICT, WITHOUT ROWID;
