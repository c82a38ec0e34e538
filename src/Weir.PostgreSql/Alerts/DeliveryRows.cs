using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>What is on its way out.</summary>
internal static class DeliveryRows
{
    public static async Task MakeAsync(Session session, IReadOnlyList<NewDelivery> deliveries, Instant now)
    {
        if (deliveries.Count > 0)
        {
            await session.RunAsync("Alerts/InsertDeliveries", Value.Texts(deliveries.Select(d => d.Target)), Value.Longs(deliveries.Select(d => d.Sequence)), Value.Time(now));
        }
    }

    public static async Task<long?> FindSequenceAsync(Session session, string message) =>
        await session.FindAsync("Alerts/FindNotification", row => (long?)row.Long(0), Value.Text(message));

    /// <summary>Makes notifications wait, whatever became of them before. Returns how many there are of a target that is still there.</summary>
    public static async Task<int> AgainAsync(Session session, string target, IReadOnlyCollection<long> sequences, Instant now)
    {
        await MakeAsync(session, [.. sequences.Select(sequence => new NewDelivery(target, sequence))], now);
        return await session.RunAsync("Alerts/ResetDeliveries", Value.Text(target), Value.Longs(sequences), Value.Time(now));
    }

    /// <summary>Begins the next attempt of each, in the order that is given.</summary>
    public static async Task<IReadOnlyList<Delivery>> BeginAsync(Session session, string target, IReadOnlyList<long> sequences, Instant now, Instant until)
    {
        if (sequences.Count == 0)
        {
            return [];
        }

        await session.RunAsync("Alerts/BeginAttempts", Value.Text(target), Value.Longs(sequences), Value.Time(now), Value.Time(until));
        Dictionary<long, Delivery> begun = (await ReadAsync(session, target, sequences, new DeliveryFilter { Limit = sequences.Count })).ToDictionary(delivery => delivery.Message.Sequence);
        return [.. sequences.Where(begun.ContainsKey).Select(sequence => begun[sequence])];
    }

    public static async Task<bool> FinishAsync(Session session, DeliveryResult result)
    {
        DeliveryAttempt attempt = result.Attempt;
        Instant ended = attempt.At + attempt.Took;
        bool pending = result.State == DeliveryState.Pending;
        if (await session.RunAsync(
            "Alerts/FinishDelivery", Value.Text(result.Target), Value.Long(result.Sequence), Value.Int(attempt.Number), Value.Int((int)result.State),
            Value.Time(pending ? result.NextAttemptAt : null), Value.Time(pending ? null : ended)) == 0)
        {
            return false;
        }

        List<NpgsqlBatchCommand> commands =
        [
            session.Own(
                "Alerts/InsertAttempt", Value.Text(result.Target), Value.Long(result.Sequence), Value.Int(attempt.Number), Value.Time(attempt.At), Value.Int(attempt.Status), Value.Text(attempt.Error),
                Value.Text(attempt.Answer), Value.Long(attempt.Took.BclCompatibleTicks / 10)),
        ];
        if (attempt.Number > DeliveryAttempt.MostKept)
        {
            commands.Add(session.Own("Alerts/TrimAttempts", Value.Text(result.Target), Value.Long(result.Sequence), Value.Int(DeliveryAttempt.MostKept)));
        }

        if (result.State == DeliveryState.Delivered)
        {
            commands.Add(session.Own("Alerts/SucceedWebhook", Value.Text(result.Target), Value.Time(ended)));
        }

        await session.RunAllAsync(commands);
        if (result is { State: not DeliveryState.Delivered, Disable: { } disable }
            && await session.RunAsync("Alerts/DisableWebhook", Value.Text(result.Target), Value.Int((int)disable.Reason), Value.Time(ended), Value.Time(disable.UnlessSuccessSince)) > 0)
        {
            await session.RunAsync("Alerts/FailPending", Value.Text(result.Target), Value.Time(ended));
            await NotificationRows.InsertAsync(session, [disable.Notification]);
        }

        return true;
    }

    /// <param name="sequences">Null for all.</param>
    public static async Task<IReadOnlyList<Delivery>> ReadAsync(Session session, string target, IReadOnlyCollection<long>? sequences, DeliveryFilter filter)
    {
        List<Delivery> deliveries = await session.ListAsync(
            "Alerts/SelectDeliveries", row => Read(target, row), Value.Text(target), LongsOrNull(sequences), Value.Long(filter.Before), Value.Int((int?)filter.State), Value.Text(filter.Type),
            Value.Text(filter.Message), Value.Int(filter.Limit));
        if (deliveries.Count == 0)
        {
            return deliveries;
        }

        ILookup<long, DeliveryAttempt> attempts = (await session.ListAsync(
            "Alerts/ReadAttempts",
            row => (row.Long(0), new DeliveryAttempt(row.Int(1), row.Time(2), row.IntOrNull(3), row.TextOrNull(4), row.TextOrNull(5), Duration.FromTicks(row.Long(6) * 10))),
            Value.Text(target), Value.Longs(deliveries.Select(delivery => delivery.Message.Sequence)))).ToLookup(pair => pair.Item1, pair => pair.Item2);
        return [.. deliveries.Select(delivery => delivery with { Log = [.. attempts[delivery.Message.Sequence]] })];
    }

    public static async Task<int> PruneAsync(Session session, Instant before, int limit)
    {
        int finished = await session.FindAsync("Alerts/PruneDeliveries", row => row.Int(0), Value.Time(before), Value.Int(limit));
        return finished + await session.RunAsync("Alerts/PruneNotifications", Value.Time(before), Value.Int(limit - finished));
    }

    private static NpgsqlParameter LongsOrNull(IReadOnlyCollection<long>? values)
    {
        NpgsqlParameter parameter = Value.Longs(values ?? []);
        if (values is null)
        {
            parameter.Value = DBNull.Value;
        }

        return parameter;
    }

    private static Delivery Read(string target, NpgsqlDataReader row) => new()
    {
        Target = target,
        Message = NotificationRows.Read(row, 6),
        State = (DeliveryState)row.Int(0),
        Attempts = row.Int(1),
        TriedSince = row.TimeOrNull(2),
        NextAttemptAt = row.TimeOrNull(3),
        CreatedAt = row.Time(4),
        FinishedAt = row.TimeOrNull(5),
    };
}
