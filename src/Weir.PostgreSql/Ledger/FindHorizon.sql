-- For the statements that follow it in the transaction.
SELECT set_config('app.horizon', log_horizon()::text, true)::bigint
