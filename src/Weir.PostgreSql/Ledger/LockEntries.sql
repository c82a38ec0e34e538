-- Against a month's going, until the end of the transaction. Nobody who writes waits for it.
LOCK TABLE events, event_details IN ACCESS SHARE MODE
