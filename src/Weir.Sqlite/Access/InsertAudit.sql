-- Nothing ever changes or deletes a row.
INSERT INTO audit (workspace, number, at, actor, actor_name, action, target, before, after, previous, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
