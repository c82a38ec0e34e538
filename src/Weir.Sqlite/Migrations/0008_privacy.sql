-- Erases: which account, or which user of it by the random id, went; how far the details of its entries have. No row names anybody.
CREATE TABLE erasures (
  number    INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace INTEGER NOT NULL,
  account   INTEGER NOT NULL,
  user      INTEGER,
  begun_at  INTEGER NOT NULL,
  through   INTEGER NOT NULL DEFAULT 0,
  ended_at  INTEGER
) STRICT;

CREATE INDEX erasures_of_accounts ON erasures (workspace, account) WHERE user IS NULL;

CREATE INDEX erasures_open ON erasures (workspace) WHERE ended_at IS NULL;

-- Up to which entry retention has taken the details.
CREATE TABLE retained (
  workspace INTEGER PRIMARY KEY,
  through   INTEGER NOT NULL
) STRICT;

-- Reasons and actors are words of people: they move out of the bodies of entries, which never change, to where an erase reaches them. The
-- table is written anew, so that every row has every column: an erase puts zeros over the texts where they lie, and that takes a row of
-- the same length.
CREATE TABLE event_details_anew (
  seq         INTEGER PRIMARY KEY,
  id          TEXT,
  user        TEXT,
  campaign    TEXT,
  gateway_key TEXT,
  request_id  TEXT,
  resource    TEXT,
  address     TEXT,
  user_agent  TEXT,
  properties  TEXT,
  reason      TEXT,
  actor       TEXT
) STRICT;

INSERT INTO event_details_anew
SELECT e.seq, d.id, d.user, d.campaign, d.gateway_key, d.request_id, d.resource, d.address, d.user_agent, d.properties,
  json_extract(e.body, '$.r'), json_extract(e.body, '$.a')
FROM events e LEFT JOIN event_details d ON d.seq = e.seq
WHERE d.seq IS NOT NULL OR json_extract(e.body, '$.r') IS NOT NULL OR json_extract(e.body, '$.a') IS NOT NULL
ORDER BY e.seq;

DROP TABLE event_details;

ALTER TABLE event_details_anew RENAME TO event_details;

DROP TRIGGER events_stay_as_they_are;

UPDATE events SET body = json_remove(body, '$.r', '$.a') WHERE json_extract(body, '$.r') IS NOT NULL OR json_extract(body, '$.a') IS NOT NULL;

CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'entries of the ledger are never changed; corrections are new entries');
END;
