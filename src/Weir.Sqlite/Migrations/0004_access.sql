-- The audit log: one hash chain in each workspace, written with the changes it tells of. It holds no personal data, so an erase leaves
-- it alone. The lines that a hash is over stand at AuditChain.CanonicalForm.

CREATE TABLE audit (
  workspace  INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  actor      TEXT    NOT NULL,
  actor_name TEXT,
  action     TEXT    NOT NULL,
  target     TEXT    NOT NULL,
  before     TEXT,
  after      TEXT,
  previous   BLOB    NOT NULL,
  hash       BLOB    NOT NULL,
  PRIMARY KEY (workspace, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_target ON audit (workspace, target, number);

-- Short-lived tokens for the customers of an account. The user is personal data: an erase deletes these rows.
CREATE TABLE portal_tokens (
  workspace  INTEGER NOT NULL,
  id         TEXT    NOT NULL,
  account    INTEGER NOT NULL,
  user       TEXT,
  hash       BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX portal_tokens_by_age ON portal_tokens (workspace, created_at, id);
CREATE INDEX portal_tokens_by_account ON portal_tokens (workspace, account, created_at, id);
CREATE INDEX portal_tokens_by_expiry ON portal_tokens (workspace, expires_at);
