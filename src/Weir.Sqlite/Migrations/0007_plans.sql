-- Plans over time: what is planned for an account, and what it had before, each as JSON: [{"at":…,"plan":"…","version":…}].
ALTER TABLE accounts ADD COLUMN planned TEXT;
ALTER TABLE accounts ADD COLUMN former_plans TEXT;

CREATE INDEX accounts_with_plans_ahead ON accounts (workspace) WHERE planned IS NOT NULL;
