-- Until the end of the transaction row-level security shows this workspace only.
SELECT set_config('app.workspace', $1, true)
