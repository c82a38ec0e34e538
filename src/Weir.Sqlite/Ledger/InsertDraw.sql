INSERT INTO grant_draws (workspace, grant_number, seq, used, held) VALUES (?1, ?2, ?3, ?4, ?5)
