-- What the commit made of the accounts, in one piece: this is what is durable until the tables have followed.
INSERT INTO journal (batch, workspace, first_seq, first_denial, accounts) VALUES (?1, ?2, ?3, ?4, ?5)
