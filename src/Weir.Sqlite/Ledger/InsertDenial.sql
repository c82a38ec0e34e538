-- A denial leaves no entry; its answer is kept with its id, so that a repeat gets the same one.
INSERT INTO denials (number, workspace, id, fingerprint, recorded_at, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
