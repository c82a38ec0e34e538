-- Until the end of the transaction row-level security shows this workspace only. All that the transaction reads and changes it finds by keys, so
-- its statements search indexes, whatever the planner believes about the sizes of the tables; then a plan can be kept.
SELECT set_config('app.workspace', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
