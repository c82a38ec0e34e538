-- Numbers of an account's entries from one (?3) back to another (?4), the newest first.
SELECT seq FROM account_events WHERE workspace = ?1 AND account = ?2 AND seq < ?3 AND seq >= ?4 ORDER BY seq DESC LIMIT ?5
