-- Up to which entry retention has taken the details.
SELECT through FROM retained WHERE workspace = ?1
