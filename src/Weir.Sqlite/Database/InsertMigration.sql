-- Runs in the transaction of the migration itself, so that a migration is recorded exactly when it took effect.
INSERT INTO migrations (number, name, applied_at) VALUES (?1, ?2, ?3)
