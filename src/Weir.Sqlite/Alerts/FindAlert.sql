WHERE workspace = ?1 AND id = ?3 AND account = ?2
