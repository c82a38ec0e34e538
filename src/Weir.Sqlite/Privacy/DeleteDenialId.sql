-- The way from an id to a denial that is gone; reference is below 0.
DELETE FROM ids WHERE workspace = ?1 AND hash = ?2 AND reference = ?3
