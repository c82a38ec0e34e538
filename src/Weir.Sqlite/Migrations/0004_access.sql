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
