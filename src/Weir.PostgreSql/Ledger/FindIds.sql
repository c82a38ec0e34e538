-- What stands under ids that are taken.
SELECT digest, fingerprint, seq, answer FROM ids WHERE workspace = $1 AND digest = ANY ($2)
