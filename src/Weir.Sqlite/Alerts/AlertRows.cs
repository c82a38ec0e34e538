using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>Rows of the inboxes.</summary>
internal static class AlertRows
{
    /// <summary>Raises and resolves, in the order of the list.</summary>
    public static void Write(Connection connection, int workspace, IReadOnlyList<Alert> alerts)
    {
        foreach (Alert alert in alerts)
        {
            if (alert.ResolvedAt is { } resolvedAt)
            {
                connection.Prepared("Alerts/ResolveAlert").Bind(1, workspace).Bind(2, alert.Id).Bind(3, Clock.ToMicros(resolvedAt)).Bind(4, (long?)alert.Resolution).Run();
            }
            else
            {
                connection.Prepared("Alerts/InsertAlert").Bind(1, workspace).Bind(2, alert.Account).Bind(3, alert.Id).Bind(4, (long)alert.Kind)
                    .Bind(5, Clock.ToMicros(alert.PeriodEnd)).Bind(6, Clock.ToMicros(alert.RaisedAt)).BindUtf8(7, AlertJson.WriteFacts(alert)).Run();
            }
        }
    }

    public static StoredAlert? Find(Connection connection, int workspace, long account, string id)
    {
        Statement row = connection.PreparedText("Alerts/FindAlert", static name => Sql.Load("Alerts/SelectAlerts") + Sql.Load(name), "Alerts/FindAlert")
            .Bind(1, workspace).Bind(2, account).Bind(3, id);
        if (!row.Step())
        {
            return null;
        }

        StoredAlert found = Read(row);
        row.Reset();
        return found;
    }

    public static List<StoredAlert> List(Connection connection, int workspace, AlertFilter filter)
    {
        // The alerts of one account have an index of their own; without one, the order of the numbers is the way.
        Statement rows = filter.Account is { } account
            ? Listing(connection, "Alerts/ListOfAccount", "WHERE workspace = ?1 AND account = ?2").Bind(2, account)
            : Listing(connection, "Alerts/ListAll", "WHERE +workspace = ?1 AND ?2 IS NULL").BindNull(2);
        rows.Bind(1, workspace).Bind(3, (long?)filter.State).Bind(4, Clock.ToMicros(filter.Now)).Bind(5, filter.Unread).Bind(6, (long?)filter.Kind)
            .Bind(7, filter.Before ?? long.MaxValue).Bind(8, filter.Limit).Bind(9, filter.OnlyUser);
        List<StoredAlert> found = [];
        while (rows.Step())
        {
            found.Add(Read(rows));
        }

        return found;
    }

    private static Statement Listing(Connection connection, string name, string where) =>
        connection.PreparedText(name, static condition => $"{Sql.Load("Alerts/SelectAlerts")}{condition}\n{Sql.Load("Alerts/AlertFilters")}", where);

    private static StoredAlert Read(Statement row)
    {
        Alert bare = new()
        {
            Id = row.Text(1),
            Kind = (AlertKind)row.Int32(2),
            Account = row.Int64(3),
            PeriodEnd = Clock.FromMicros(row.Int64(4)),
            RaisedAt = Clock.FromMicros(row.Int64(5)),
            ResolvedAt = Time(row, 6),
            Resolution = (AlertResolution?)row.Int64OrNull(7),
            ReadAt = Time(row, 8),
            AcknowledgedAt = Time(row, 9),
            AcknowledgedBy = row.TextOrNull(10),
        };
        return new StoredAlert(row.Int64(0), AlertJson.ReadFacts(bare, row.Bytes(11)));
    }

    private static Instant? Time(Statement row, int column) => row.Int64OrNull(column) is { } micros ? Clock.FromMicros(micros) : null;
}
