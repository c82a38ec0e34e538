-- What a host would write by hand for the same limits: a row for each account with its plan, an event under its id, the month's total.
-- It has the indexes that its one transaction needs and none beside.
CREATE SCHEMA peer;

CREATE TABLE peer.plans (
  account       text PRIMARY KEY,
  monthly_limit bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE peer.events (
  id      text PRIMARY KEY,
  account text        NOT NULL,
  type    text        NOT NULL,
  tokens  integer     NOT NULL,
  credits bigint      NOT NULL,
  at      timestamptz NOT NULL
);

CREATE TABLE peer.months (
  account text   NOT NULL,
  month   date   NOT NULL,
  credits bigint NOT NULL,
  calls   bigint NOT NULL,
  PRIMARY KEY (account, month)
) WITH (fillfactor = 70);

INSERT INTO peer.plans SELECT 'acct-' || n, 1000000000 FROM generate_series(0, 9999) n;
INSERT INTO peer.months SELECT 'acct-' || n, date_trunc('month', now()), 0, 0 FROM generate_series(0, 9999) n;
ANALYZE peer.plans;
ANALYZE peer.months
