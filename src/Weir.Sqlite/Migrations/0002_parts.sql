-- Parts of an account's state beside its balances and rates: open reservations, fences and the like, each a JSON object that the stores
-- need not know. due_at: when somebody should look at it.
CREATE TABLE account_parts (
  workspace INTEGER NOT NULL,
  account   INTEGER NOT NULL,
  kind      INTEGER NOT NULL,
  number    INTEGER NOT NULL,
  due_at    INTEGER,
  body      TEXT    NOT NULL,
  PRIMARY KEY (workspace, account, kind, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX parts_by_due_time ON account_parts (workspace, due_at) WHERE due_at IS NOT NULL;
