SELECT number, id, kind, account, period_end, raised_at, resolved_at, resolution, read_at, acknowledged_at, acknowledged_by, facts FROM alerts
