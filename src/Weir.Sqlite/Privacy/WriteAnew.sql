-- A table anew from the rows that it has, in the order of its key. Rows in random places move as pages split, and the free space of a page
-- may keep copies of what moved on; pages that are given up are zeroed (secure_delete), new ones hold what lives and nothing else.
CREATE TEMP TABLE anew AS SELECT * FROM main.{table};
DELETE FROM main.{table};
INSERT INTO main.{table} SELECT * FROM temp.anew ORDER BY {order};
DROP TABLE temp.anew;
