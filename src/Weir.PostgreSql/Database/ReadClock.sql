-- Tests give a time of their own.
SELECT clock_micros($1)
