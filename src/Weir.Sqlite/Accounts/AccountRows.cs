using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>Accounts as rows: a head, its balances, its rates.</summary>
internal static class AccountRows
{
    public static long? FindId(Connection connection, int workspace, AccountKey key) =>
        connection.Prepared("Accounts/FindAccount").Bind(1, workspace).Bind(2, key.Value).Scalar();

    /// <summary>The head with every balance whose period is not closed and every rate that still counts; null when there is none.</summary>
    public static AccountState? Read(Connection connection, int workspace, long account, Instant now)
    {
        Statement head = connection.Prepared("Accounts/ReadHead").Bind(1, workspace).Bind(2, account);
        if (!head.Step())
        {
            return null;
        }

        Account found = ReadHead(head, 0);
        head.Reset();

        StateMap<BalanceKey, Balance>.Builder balances = StateMap<BalanceKey, Balance>.Empty.ToBuilder();
        Statement rows = connection.Prepared("Accounts/ReadBalances").Bind(1, workspace).Bind(2, account).Bind(3, ClosedUpTo(now));
        while (rows.Step())
        {
            Balance balance = ReadBalance(rows, 0);
            balances[balance.Key] = balance;
        }

        StateMap<RateKey, RateWindow>.Builder rates = StateMap<RateKey, RateWindow>.Empty.ToBuilder();
        rows = connection.Prepared("Accounts/ReadRates").Bind(1, workspace).Bind(2, account).Bind(3, Clock.ToMicros(now));
        while (rows.Step())
        {
            (RateKey key, RateWindow window) = ReadRate(rows, 0);
            rates[key] = window;
        }

        AccountState state = new(found, balances.ToImmutable(), rates.ToImmutable());
        rows = connection.Prepared("Accounts/ReadParts").Bind(1, workspace).Bind(2, account);
        while (rows.Step())
        {
            state = StateParts.Apply(state, new StatePart((StatePartKind)rows.Int32(0), rows.Int64(1)), rows.Bytes(2));
        }

        return state;
    }

    /// <summary>Writes the parts of a state that changed.</summary>
    public static void WriteParts(Connection connection, int workspace, AccountWrite write)
    {
        foreach (StatePart part in write.Parts)
        {
            byte[]? body = StateParts.Write(write.State, part, out Instant? due);
            Statement statement = connection.Prepared(body is null ? "Accounts/DeletePart" : "Accounts/WritePart")
                .Bind(1, workspace).Bind(2, write.State.Account.Id).Bind(3, (long)part.Kind).Bind(4, part.Number);
            if (body is not null)
            {
                statement.Bind(5, due is { } time ? Clock.ToMicros(time) : null).BindUtf8(6, body);
            }

            statement.Run();
        }
    }

    /// <summary>Periods that end at this time or before are closed.</summary>
    public static long ClosedUpTo(Instant now) => Clock.ToMicros(now - Engine.Period.Grace);

    public static Account ReadHead(Statement row, int at) => new()
    {
        Id = row.Int64(at),
        Version = row.Int64(at + 1),
        CreatedAt = Clock.FromMicros(row.Int64(at + 2)),
        DecidedAt = Clock.FromMicros(row.Int64(at + 3)),
        FirstLiveEventAt = row.Int64OrNull(at + 4) is { } first ? Clock.FromMicros(first) : null,
        Plan = row.Text(at + 5),
        PinnedVersion = (int?)row.Int64OrNull(at + 6),
        Suspended = row.Int64(at + 7) != 0,
        Timeline = AccountJson.ReadTimeline(row.Bytes(at + 8)),
        Overrides = AccountJson.ReadOverrides(row.Bytes(at + 9)),
        Planned = AccountJson.ReadPlanned(row.Bytes(at + 10)),
        FormerPlans = AccountJson.ReadFormer(row.Bytes(at + 11)),
    };

    public static Balance ReadBalance(Statement row, int at)
    {
        BalanceKey key = new((ScopeKind)row.Int32(at + 2), row.Int64(at + 3), string.Intern(row.Text(at)), (Per)row.Int32(at + 1), Clock.FromMicros(row.Int64(at + 4)));
        return new Balance(key, Clock.FromMicros(row.Int64(at + 5)), new Quantity(row.Int64(at + 6)), new Quantity(row.Int64(at + 7)));
    }

    public static (RateKey Key, RateWindow Window) ReadRate(Statement row, int at)
    {
        RateKey key = new((ScopeKind)row.Int32(at), row.Int64(at + 1), row.Text(at + 2));
        ByteReader counts = new(row.Bytes(at + 5));
        return (key, new RateWindow(row.Int64(at + 3), row.Int64(at + 4), FigureBytes.ReadCounts(ref counts)));
    }

    public static Balance? FindBalance(Connection connection, int workspace, long account, BalanceKey key)
    {
        long start = Clock.ToMicros(key.PeriodStart);
        Statement row = connection.Prepared("Accounts/FindBalance").Bind(1, workspace).Bind(2, account).Bind(3, start)
            .Bind(4, key.Meter).Bind(5, (long)key.Per).Bind(6, (long)key.Scope).Bind(7, key.ScopeId)
            .Bind(8, key.PeriodStart == Instant.MinValue ? long.MaxValue - 1 : start);
        if (!row.Step())
        {
            return null;
        }

        Balance balance = ReadBalance(row, 0);
        row.Reset();
        return balance;
    }

    public static AccountProfile ReadProfile(Statement row, int at) => new(new AccountKey(row.Text(at)))
    {
        Name = row.TextOrNull(at + 1),
        ExternalIds = AccountJson.ReadTexts(row.Bytes(at + 2)),
    };

    public static AccountProfile? FindProfile(Connection connection, int workspace, long account)
    {
        Statement row = connection.Prepared("Accounts/FindProfile").Bind(1, workspace).Bind(2, account);
        if (!row.Step())
        {
            return null;
        }

        AccountProfile profile = ReadProfile(row, 0);
        row.Reset();
        return profile;
    }

    public static long? FindAlias(Connection connection, int workspace, long account, ScopeKind kind, string name) =>
        connection.Prepared("Accounts/FindAlias").Bind(1, workspace).Bind(2, account).Bind(3, (long)kind).Bind(4, name).Scalar();

    public static void WriteHead(Connection connection, int workspace, Account account) => PutHead(connection, "Accounts/WriteHead", workspace, account);

    public static void InsertHead(Connection connection, int workspace, Account account) => PutHead(connection, "Accounts/InsertHead", workspace, account);

    private static void PutHead(Connection connection, string statement, int workspace, Account account)
    {
        Statement write = connection.Prepared(statement).Bind(1, workspace).Bind(2, account.Id).Bind(3, account.Version)
            .Bind(4, Clock.ToMicros(account.CreatedAt)).Bind(5, Clock.ToMicros(account.DecidedAt)).Bind(6, Micros(account.FirstLiveEventAt))
            .Bind(7, account.Plan).Bind(8, account.PinnedVersion).Bind(9, account.Suspended).BindUtf8(10, AccountJson.WriteTimeline(account.Timeline));
        BindJson(write, 11, AccountJson.WriteOverrides(account.Overrides));
        BindJson(write, 12, AccountJson.WritePlanned(account.Planned));
        BindJson(write, 13, AccountJson.WriteFormer(account.FormerPlans));
        write.Run();
    }

    public static void WriteProfile(Connection connection, string statement, int workspace, long account, AccountProfile profile)
    {
        Statement write = connection.Prepared(statement).Bind(1, workspace).Bind(2, account).Bind(3, profile.Key.Value).Bind(4, profile.Name);
        BindJson(write, 5, AccountJson.WriteTexts(profile.ExternalIds));
        write.Run();
    }

    private static void BindJson(Statement statement, int index, byte[]? json)
    {
        if (json is not null)
        {
            statement.BindUtf8(index, json);
        }
        else
        {
            statement.BindNull(index);
        }
    }

    public static void Write(Connection connection, int workspace, long account, AccountChanges changes)
    {
        connection.Prepared("Accounts/UpdateHead").Bind(1, workspace).Bind(2, account).Bind(3, changes.Version)
            .Bind(4, Clock.ToMicros(changes.DecidedAt)).Bind(5, Micros(changes.FirstLiveEventAt)).Run();
        if (changes.Balances.Count > 0)
        {
            Statement write = connection.Prepared("Accounts/WriteBalance").Bind(1, workspace).Bind(2, account);
            foreach ((BalanceKey key, Balance balance) in changes.Balances)
            {
                write.Bind(3, Clock.ToMicros(balance.PeriodEnd)).Bind(4, key.Meter).Bind(5, (long)key.Per).Bind(6, (long)key.Scope)
                    .Bind(7, key.ScopeId).Bind(8, Clock.ToMicros(key.PeriodStart)).Bind(9, balance.Used.Units).Bind(10, balance.Held.Units).Run();
            }
        }

        if (changes.Rates.Count > 0)
        {
            Statement write = connection.Prepared("Accounts/WriteRate").Bind(1, workspace).Bind(2, account);
            ByteWriter counts = new();
            foreach ((RateKey key, RateWindow window) in changes.Rates)
            {
                counts.Clear();
                FigureBytes.WriteCounts(counts, window.Counts);
                write.Bind(3, (long)key.Scope).Bind(4, key.ScopeId).Bind(5, key.Name).Bind(6, window.Window).Bind(7, window.Newest)
                    .Bind(8, counts.Written).Bind(9, EmptyAt(window)).Run();
            }
        }
    }

    /// <summary>When the newest sub-bucket has left the window.</summary>
    private static long EmptyAt(RateWindow window) =>
        (long)Int128.Min((((Int128)window.Newest + RateWindow.SubBuckets + 2) * window.Window / RateWindow.SubBuckets) + 1, long.MaxValue);

    private static long? Micros(Instant? instant) => instant is { } given ? Clock.ToMicros(given) : null;
}
