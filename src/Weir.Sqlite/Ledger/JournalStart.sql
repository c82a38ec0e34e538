-- From where on ids and account_events may lack rows; null when they are complete.
SELECT min(first_seq), min(first_denial) FROM journal
