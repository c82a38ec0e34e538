-- For the message that a second process shows; the lock itself is held by the operating system.
INSERT OR REPLACE INTO owner (one, process, machine, since) VALUES (1, ?1, ?2, ?3)
