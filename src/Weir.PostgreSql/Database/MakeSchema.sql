-- Before the first migration. It is run each time and changes nothing then.
CREATE SCHEMA IF NOT EXISTS weir;
CREATE TABLE IF NOT EXISTS weir.migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL)
