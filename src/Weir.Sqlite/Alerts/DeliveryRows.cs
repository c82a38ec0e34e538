using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>What is on its way out.</summary>
internal static class DeliveryRows
{
    public static void Make(Connection connection, int workspace, string target, long sequence, Instant now) =>
        connection.Prepared("Alerts/InsertDelivery").Bind(1, workspace).Bind(2, target).Bind(3, sequence).Bind(4, Clock.ToMicros(now)).Run();

    public static long? FindSequence(Connection connection, int workspace, string message) =>
        connection.Prepared("Alerts/FindNotification").Bind(1, workspace).Bind(2, message).Scalar();

    /// <summary>Makes it wait, whatever became of it before. False when there is no such target.</summary>
    public static bool Again(Connection connection, int workspace, string target, long sequence, Instant now)
    {
        Make(connection, workspace, target, sequence, now);
        return connection.Prepared("Alerts/ResetDelivery").Bind(1, workspace).Bind(2, target).Bind(3, sequence).Bind(4, Clock.ToMicros(now)).Scalar() is not null;
    }

    public static Delivery Begin(Connection connection, int workspace, string target, long sequence, Instant now, Instant until)
    {
        connection.Prepared("Alerts/BeginAttempt").Bind(1, workspace).Bind(2, target).Bind(3, sequence).Bind(4, Clock.ToMicros(now)).Bind(5, Clock.ToMicros(until)).Run();
        return Read(connection, workspace, target, sequence, new DeliveryFilter { Limit = 1 })[0];
    }

    public static bool Finish(Connection connection, int workspace, DeliveryResult result)
    {
        DeliveryAttempt attempt = result.Attempt;
        Instant ended = attempt.At + attempt.Took;
        bool pending = result.State == DeliveryState.Pending;
        if (connection.Prepared("Alerts/FinishDelivery").Bind(1, workspace).Bind(2, result.Target).Bind(3, result.Sequence).Bind(4, attempt.Number).Bind(5, (long)result.State)
            .Bind(6, WebhookRows.MicrosOrNull(pending ? result.NextAttemptAt : null)).Bind(7, WebhookRows.MicrosOrNull(pending ? null : ended)).Scalar() is null)
        {
            return false;
        }

        connection.Prepared("Alerts/InsertAttempt").Bind(1, workspace).Bind(2, result.Target).Bind(3, result.Sequence).Bind(4, attempt.Number).Bind(5, Clock.ToMicros(attempt.At))
            .Bind(6, attempt.Status).Bind(7, attempt.Error).Bind(8, attempt.Answer).Bind(9, attempt.Took.BclCompatibleTicks / 10).Run();
        if (attempt.Number > DeliveryAttempt.MostKept)
        {
            connection.Prepared("Alerts/TrimAttempts").Bind(1, workspace).Bind(2, result.Target).Bind(3, result.Sequence).Bind(4, DeliveryAttempt.MostKept).Run();
        }

        if (result.State == DeliveryState.Delivered)
        {
            connection.Prepared("Alerts/SucceedWebhook").Bind(1, workspace).Bind(2, result.Target).Bind(3, Clock.ToMicros(ended)).Run();
        }
        else if (result.Disable is { } disable
            && connection.Prepared("Alerts/DisableWebhook").Bind(1, workspace).Bind(2, result.Target).Bind(3, (long)disable.Reason).Bind(4, Clock.ToMicros(ended))
                .Bind(5, WebhookRows.MicrosOrNull(disable.UnlessSuccessSince)).Scalar() is not null)
        {
            FailPending(connection, workspace, result.Target, ended);
            NotificationRows.Insert(connection, workspace, [disable.Notification]);
        }

        return true;
    }

    public static void FailPending(Connection connection, int workspace, string target, Instant now) =>
        connection.Prepared("Alerts/FailPending").Bind(1, workspace).Bind(2, target).Bind(3, Clock.ToMicros(now)).Run();

    public static void RemoveAll(Connection connection, int workspace, string target)
    {
        connection.Prepared("Alerts/DeleteAttempts").Bind(1, workspace).Bind(2, target).Run();
        connection.Prepared("Alerts/DeleteDeliveries").Bind(1, workspace).Bind(2, target).Run();
    }

    public static List<Delivery> Read(Connection connection, int workspace, string target, long? sequence, DeliveryFilter filter)
    {
        List<Delivery> deliveries = [];
        Statement rows = connection.Prepared("Alerts/SelectDeliveries").Bind(1, workspace).Bind(2, target).Bind(3, sequence).Bind(4, filter.Before)
            .Bind(5, (long?)filter.State).Bind(6, filter.Type).Bind(7, filter.Message).Bind(8, filter.Limit);
        while (rows.Step())
        {
            deliveries.Add(new Delivery
            {
                Target = target,
                Message = NotificationRows.Read(rows, 6),
                State = (DeliveryState)rows.Int32(0),
                Attempts = rows.Int32(1),
                TriedSince = WebhookRows.TimeOrNull(rows, 2),
                NextAttemptAt = WebhookRows.TimeOrNull(rows, 3),
                CreatedAt = Clock.FromMicros(rows.Int64(4)),
                FinishedAt = WebhookRows.TimeOrNull(rows, 5),
                Log = ReadAttempts(connection, workspace, target, rows.Int64(6)),
            });
        }

        return deliveries;
    }

    public static int Prune(Connection connection, int workspace, Instant before, int limit)
    {
        List<(string Target, long Sequence)> finished = [];
        Statement rows = connection.Prepared("Alerts/FinishedDeliveries").Bind(1, workspace).Bind(2, Clock.ToMicros(before)).Bind(3, limit);
        while (rows.Step())
        {
            finished.Add((rows.Text(0), rows.Int64(1)));
        }

        foreach ((string target, long sequence) in finished)
        {
            connection.Prepared("Alerts/DeleteDeliveryAttempts").Bind(1, workspace).Bind(2, target).Bind(3, sequence).Run();
            connection.Prepared("Alerts/DeleteDelivery").Bind(1, workspace).Bind(2, target).Bind(3, sequence).Run();
        }

        int told = 0;
        rows = connection.Prepared("Alerts/PruneNotifications").Bind(1, workspace).Bind(2, Clock.ToMicros(before)).Bind(3, limit - finished.Count);
        while (rows.Step())
        {
            told++;
        }

        return finished.Count + told;
    }

    private static List<DeliveryAttempt> ReadAttempts(Connection connection, int workspace, string target, long sequence)
    {
        List<DeliveryAttempt> attempts = [];
        Statement rows = connection.Prepared("Alerts/ReadAttempts").Bind(1, workspace).Bind(2, target).Bind(3, sequence);
        while (rows.Step())
        {
            attempts.Add(new DeliveryAttempt(
                rows.Int32(0), Clock.FromMicros(rows.Int64(1)), (int?)rows.Int64OrNull(2), rows.TextOrNull(3), rows.TextOrNull(4), Duration.FromTicks(rows.Int64(5) * 10)));
        }

        return attempts;
    }
}
