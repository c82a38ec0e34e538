-- By the id that receivers know.
SELECT seq FROM notifications WHERE workspace = $1 AND id = $2
