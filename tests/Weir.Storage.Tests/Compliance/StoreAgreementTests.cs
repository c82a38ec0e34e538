using System.Globalization;
using System.Text;

using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>The memory store is the model: the same work must leave the same books in the others.</summary>
public sealed class StoreAgreementTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 14, 9, 26, 53);

    [Theory(DisplayName = "LOG-1, LOG-2, LOG-3, BAL-10: the same work leaves the same log, balances, summaries and answers in SQLite as in memory")]
    [InlineData(51)]
    [InlineData(52)]
    [InlineData(53)]
    public async Task SqliteAgreesWithMemory(int seed)
    {
        using SqliteFolder folder = new();
        string model = await PictureAsync(seed, time => new MemoryStore(time));
        string actual = await PictureAsync(seed, time => new SqliteStore(folder.Options, time));
        Assert.Equal(model, actual);
    }

    [Theory(DisplayName = "LOG-1, LOG-2, LOG-3, BAL-10: the same work leaves the same log, balances, summaries and answers in PostgreSQL as in memory")]
    [InlineData(51, false)]
    [InlineData(54, true)]
    public async Task PostgreSqlAgreesWithMemory(int seed, bool hasty)
    {
        using PostgreSqlDatabase database = new();
        database.NumberApart();
        string model = await PictureAsync(seed, time => new MemoryStore(time));
        string actual = await PictureAsync(seed, hasty ? database.NewHastyStore : database.NewStore);
        Assert.Equal(model, actual);
    }

    /// <summary>The picture with the places of entries in the log in place of their numbers.</summary>
    private static async Task<string> WithoutGapsAsync(UsageDesk desk, string picture)
    {
        IReadOnlyList<StoredEntry> log = await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, int.MaxValue, CancellationToken.None);
        for (int i = 0; i < log.Count; i++)
        {
            if (log[i].Sequence != i + 1)
            {
                picture = picture.Replace(log[i].Sequence.ToString(CultureInfo.InvariantCulture), (i + 1).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
            }
        }

        return picture;
    }

    private static async Task<string> PictureAsync(int seed, Func<TimeProvider, IWeirStore> store)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start, store);
        await desk.WorkAsync(seed, 70);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await desk.WorkAsync(seed + 100, 30);

        StringBuilder picture = new();
        await DrawBooksAsync(desk, picture);
        await DrawAnswersAsync(desk, picture);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(verification.IsClean);
        Draw(picture, "verification", verification);
        Dictionary<SummaryKey, SummaryFigures> incremental = await desk.CellsAsync();
        await desk.Projector.RebuildAsync(desk.Workspace, CancellationToken.None);
        Assert.Equal(Dump.Of(incremental), Dump.Of(await desk.CellsAsync()));
        return await NamedAsync(desk, await WithoutGapsAsync(desk, picture.ToString()));
    }

    private static async Task DrawBooksAsync(UsageDesk desk, StringBuilder picture)
    {
        Draw(picture, "rows", await desk.Store.Ledger.ReadAsync(desk.Workspace, new LedgerFilter { Limit = LedgerFilter.LargestLimit }, CancellationToken.None));
        Draw(picture, "filtered", await desk.Store.Ledger.ReadAsync(
            desk.Workspace, new LedgerFilter { Account = new AccountKey("account-1"), Status = "200", From = s_start - Duration.FromDays(10), Ascending = true }, CancellationToken.None));
        Draw(picture, "accounts", await desk.Store.Accounts.ListAsync(desk.Workspace, new AccountFilter(), CancellationToken.None), sorted: true);
        Draw(picture, "workspace", await desk.Store.Ledger.ReadWorkspaceStateAsync(desk.Workspace, CancellationToken.None), sorted: true);
        Draw(picture, "use", await desk.Store.Catalogs.ReadUseAsync(desk.Workspace, CancellationToken.None));
    }

    private static async Task DrawAnswersAsync(UsageDesk desk, StringBuilder picture)
    {
        Instant from = s_start - Duration.FromDays(25);
        foreach (string by in Dimensions.BuiltIn.Concat(["type", "category", "subject", "properties.department", "properties.seconds"]))
        {
            BreakdownAnswer answer = await desk.Get<UsageBreakdownService>().ReadAsync(desk.Workspace, null, by, from, from + Duration.FromDays(30), null, CancellationToken.None);
            Draw(picture, "by " + by, answer);
        }

        foreach (string meter in (string[])["credits", "storage", "cost"])
        {
            MeterQuery query = new() { Meter = meter, From = from, To = s_start + Duration.FromDays(4), WindowSize = WindowSize.Day, GroupBy = ["user"] };
            Draw(picture, "days of " + meter, await desk.Get<MeterQueryService>().QueryAsync(desk.Workspace, query, CancellationToken.None));
        }

        Draw(picture, "trend", await desk.Get<UsageTrendService>().ReadAsync(desk.Workspace, new AccountKey("account-0"), TrendMonths.Calendar, 3, CancellationToken.None));
        foreach (UsageHistory history in (await desk.Get<UsageHistoryService>().ReadAsync(desk.Workspace, new AccountKey("account-0"), null, null, 3, CancellationToken.None))!.Value)
        {
            Draw(picture, $"history of {history.Meter.Key} per {history.Per}", history.Periods);
        }
    }

    private static void Draw(StringBuilder picture, string what, object? value, bool sorted = false)
    {
        // Scoped balances stand in the order of their random ids; sorted lines do not show it.
        string text = Dump.Of(value);
        picture.Append(what).Append(": ").AppendLine(sorted ? string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal)) : text);
    }

    /// <summary>The picture with names in place of the ids that are made at random.</summary>
    private static async Task<string> NamedAsync(UsageDesk desk, string picture)
    {
        foreach (AccountRecord account in await desk.Store.Accounts.ListAsync(desk.Workspace, new AccountFilter(), CancellationToken.None))
        {
            long id = account.State.Account.Id;
            foreach (ScopeKind kind in (ScopeKind[])[ScopeKind.User, ScopeKind.Campaign, ScopeKind.Key])
            {
                foreach ((long alias, string name) in await desk.Store.Accounts.AliasesAsync(desk.Workspace, id, kind, CancellationToken.None))
                {
                    picture = picture.Replace(alias.ToString(CultureInfo.InvariantCulture), $"{kind} {name}", StringComparison.Ordinal);
                }
            }

            picture = picture.Replace(id.ToString(CultureInfo.InvariantCulture), account.Profile.Key.Value, StringComparison.Ordinal);
        }

        return string.Join('\n', picture.Split('\n').Order(StringComparer.Ordinal));
    }
}
