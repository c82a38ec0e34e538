-- Tells all nodes, with the commit, that they may remember something of the workspace that is no more. Anybody who may connect to the
-- database can listen: the message is a kind and the workspace's number, and nothing else.
SELECT pg_notify('weir_changes', $2 || $1)
