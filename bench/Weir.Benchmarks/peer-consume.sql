\set n :n + 1
\set account random(0, 9999)
\set tokens random(0, 99)
BEGIN;
SELECT monthly_limit FROM peer.plans WHERE account = 'acct-' || :account::text FOR UPDATE;
INSERT INTO peer.events (id, account, type, tokens, credits, at) VALUES ('e-' || :seed::text || '-' || :client_id::text || '-' || :n::text, 'acct-' || :account::text, 'call', :tokens, 100 + :tokens, now());
INSERT INTO peer.months AS m (account, month, credits, calls) VALUES ('acct-' || :account::text, date_trunc('month', now()), 100 + :tokens, 1) ON CONFLICT (account, month) DO UPDATE SET credits = m.credits + excluded.credits, calls = m.calls + 1 WHERE m.credits + excluded.credits <= 100000000000;
COMMIT;
