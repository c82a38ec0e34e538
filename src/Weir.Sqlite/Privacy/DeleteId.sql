-- The way from an id to what is gone: an entry, or a denial (below 0).
DELETE FROM ids WHERE workspace = ?1 AND hash = ?2 AND reference = ?3
