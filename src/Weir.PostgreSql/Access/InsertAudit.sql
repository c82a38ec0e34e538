-- Nothing ever changes or deletes a row; the runtime role could not.
INSERT INTO audit (workspace, number, at, actor, actor_name, action, target, before, after, previous, hash)
SELECT $1, u.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) u
