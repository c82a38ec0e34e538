-- Of one account, which has an index of its own.
AND account = $9
{filters}
