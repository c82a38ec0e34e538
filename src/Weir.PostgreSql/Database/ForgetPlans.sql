-- The next use of each statement plans it anew, for the tables as they have become.
DISCARD PLANS
