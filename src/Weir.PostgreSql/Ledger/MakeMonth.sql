-- Whatever month of recording the time lies in has its partitions afterwards.
SELECT make_month($1)
