-- Which entries drew of a grant or returned to it, and how much of both together: the way from a grant to its history. Rows follow from
-- the entries and are written with them; what is drawn of one grant stands together, and most events draw of none.
CREATE TABLE grant_draws (
  workspace    INTEGER NOT NULL,
  grant_number INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  used         INTEGER NOT NULL,
  held         INTEGER NOT NULL,
  PRIMARY KEY (workspace, grant_number, seq)
) STRICT, WITHOUT ROWID;
