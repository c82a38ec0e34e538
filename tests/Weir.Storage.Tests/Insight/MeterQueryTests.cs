using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.Storage.Tests;

public sealed class MeterQueryTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 28, 12, 0, 0);

    [Theory(DisplayName = "LOG-2: windows are half-open days of the asked zone, an hour shorter where the clocks go forward; an answer has everything committed before")]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task WindowsFollowTheZone(int summed)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        string[] times = ["2026-03-28T22:59:59.999999Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"];
        for (int i = 0; i < times.Length; i++)
        {
            desk.Clock.Now = At(times[i]);
            await desk.RecordAsync($"{i}", "ping");
            if (i + 1 == summed)
            {
                await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
            }
        }

        Assert.Equal(
            ["2026-03-27T23:00:00Z 2026-03-28T23:00:00Z 1", "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z 2", "2026-03-29T22:00:00Z 2026-03-30T22:00:00Z 1"],
            await RowsAsync(desk, Ask("calls", "2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z", WindowSize.Day) with { WindowZone = DateTimeZoneProviders.Tzdb["Europe/Berlin"] }));
    }

    [Fact(DisplayName = "LOG-2: from and to need not stand at quarters of an hour, and are exact to the microsecond")]
    public async Task EdgesAreExact()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        Instant from = At("2026-03-28T13:07:11.000005Z");
        Instant to = At("2026-03-28T15:44:00.000009Z");
        Instant[] times = [from - Clock.Microsecond, from, from + Duration.FromMinutes(1), from + Duration.FromHours(1), to - Clock.Microsecond, to];
        for (int i = 0; i < times.Length; i++)
        {
            desk.Clock.Now = times[i];
            await desk.RecordAsync($"{i}", "ping");
            await desk.RecordAsync($"bytes {i}", "stored", [("bytes", 1)], account: "beta");
        }

        Assert.Equal(["4"], await ValuesAsync(desk, new MeterQuery { Meter = "calls", From = from, To = to }));
        Assert.Equal(["5"], await ValuesAsync(desk, new MeterQuery { Meter = "storage", From = from, To = to }));
        Assert.Equal(["2"], await ValuesAsync(desk, new MeterQuery { Meter = "calls", From = from, To = from + Duration.FromMinutes(2) }));
        Assert.Equal(["3"], await ValuesAsync(desk, new MeterQuery { Meter = "storage", From = from, To = from + Duration.FromMinutes(2) }));
        Assert.Equal(["2", "1", "1"], await ValuesAsync(desk, new MeterQuery { Meter = "calls", From = from, To = to, WindowSize = WindowSize.Hour }));
    }

    [Fact(DisplayName = "LOG-2: minutes read the log")]
    public async Task MinutesReadTheLog()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose");
        desk.Clock.Advance(Duration.FromSeconds(61));
        await desk.RecordAsync("2", "diagnose");
        await desk.CompleteAsync("2", new EventDetails { Status = "200" }, properties: [("complexity", 2)]);
        await desk.RecordAsync("3", "diagnose");
        await desk.ReverseAsync("3");
        Assert.Equal(
            ["2026-03-28T12:00:00Z 2026-03-28T12:01:00Z 10", "2026-03-28T12:01:00Z 2026-03-28T12:02:00Z 20"],
            await RowsAsync(desk, Ask("credits", "2026-03-28T12:00:00Z", "2026-03-28T12:05:00Z", WindowSize.Minute)));
    }

    [Fact(DisplayName = "LOG-2: hours are those that the zone's clocks show")]
    public async Task HoursFollowTheZone()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(At("2026-03-28T12:29:00Z"));
        await desk.RecordAsync("1", "ping");
        desk.Clock.Advance(Duration.FromMinutes(1));
        await desk.RecordAsync("2", "ping");
        Assert.Equal(
            ["2026-03-28T11:30:00Z 2026-03-28T12:30:00Z 1", "2026-03-28T12:30:00Z 2026-03-28T13:30:00Z 1"],
            await RowsAsync(desk, Ask("calls", "2026-03-28T11:30:00Z", "2026-03-28T14:30:00Z", WindowSize.Hour) with { WindowZone = DateTimeZoneProviders.Tzdb["Asia/Kolkata"] }));
    }

    [Fact(DisplayName = "LOG-2: groups are named as the host names them; usage without a value is a group too")]
    public async Task GroupsAreNamed()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", [("department", "R&D")], details: new EventDetails { User = "ann", Source = "web" });
        await desk.RecordAsync("2", "diagnose", [("department", "Sales")], details: new EventDetails { User = "bob", Source = "web" });
        await desk.RecordAsync("3", "ping", account: "beta", details: new EventDetails { User = "ann", Source = "api" });
        await desk.AdjustAsync("4", "calls", 10);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await desk.RecordAsync("5", "ping", [("department", "free here")], details: new EventDetails { User = "ann", Campaign = "spring" });

        Assert.Equal(["acme=13", "beta=1"], await GroupsAsync(desk, ["subject"]));
        Assert.Equal(["=10", "diagnose=2", "ping=2"], await GroupsAsync(desk, ["type"]));
        Assert.Equal(["=10", "ann=3", "bob=1"], await GroupsAsync(desk, ["user"]));
        Assert.Equal(["=11", "api=1", "web=2"], await GroupsAsync(desk, ["source"]));
        Assert.Equal(["=13", "spring=1"], await GroupsAsync(desk, ["campaign"]));
        Assert.Equal(["=12", "R&D=1", "Sales=1"], await GroupsAsync(desk, ["properties.department"]));
        Assert.Equal(["acme,=10", "acme,ann=2", "acme,bob=1", "beta,ann=1"], await GroupsAsync(desk, ["subject", "user"]));
        Assert.Equal(["=10", "api,ann=1", "web,ann=1", "web,bob=1", ",ann=1"], await GroupsAsync(desk, ["source", "user"], trim: true));
        Assert.Equal(["ann=2"], await GroupsAsync(desk, ["user"], filter: [("user", ["ann", "zoe"]), ("subject", ["acme"])]));
        Assert.Equal(["14"], await ValuesAsync(desk, Whole("calls")));
        Assert.Equal(["2"], await ValuesAsync(desk, Whole("calls") with { Filter = Filter(("type", ["ping"])) }));
        Assert.Equal(["1"], await ValuesAsync(desk, Whole("calls") with { Filter = Filter(("properties.department", ["R&D", "Legal"])) }));
        Assert.Equal(["2"], await ValuesAsync(desk, Whole("calls") with { Subjects = [new AccountKey("beta"), Sample.Acme], Filter = Filter(("source", ["web"])) }));
        Assert.Equal(["0"], await ValuesAsync(desk, Whole("calls") with { Filter = Filter(("campaign", ["autumn"])) }));
    }

    [Fact(DisplayName = "LOG-2: properties that no type declares, and several dimensions at once, are read from the log")]
    public async Task FreePropertiesReadTheLog()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping", [("region", "eu")], details: new EventDetails { Model = "a", Status = "200" });
        await desk.RecordAsync("2", "ping", [("region", "us")], details: new EventDetails { Model = "a", Status = "500" });
        await desk.RecordAsync("3", "ping", details: new EventDetails { Model = "b", Status = "200" });
        Assert.Equal(["=1", "eu=1", "us=1"], await GroupsAsync(desk, ["properties.region"]));
        Assert.Equal(["a,200=1", "a,500=1", "b,200=1"], await GroupsAsync(desk, ["model", "status"]));
        Assert.Equal(["a=1"], await GroupsAsync(desk, ["model"], filter: [("status", ["200"]), ("properties.region", ["eu"])]));
    }

    [Fact(DisplayName = "BAL-7: a level is what stands at the window's end, also where nothing happened in it")]
    public async Task ALevelStands()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(At("2026-03-28T10:05:00Z"));
        await desk.RecordAsync("1", "stored", [("bytes", 100)], details: new EventDetails { Source = "web" });
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        desk.Clock.Now = At("2026-03-28T12:10:00Z");
        await desk.RecordAsync("2", "stored", [("bytes", -30)], details: new EventDetails { Source = "api" });
        await desk.RecordAsync("3", "stored", [("bytes", 5)], account: "beta", at: At("2026-03-28T09:00:00Z"));
        desk.Clock.Now = At("2026-03-28T14:20:00Z");
        await desk.ReverseAsync("1");

        Assert.Equal(["0", "100", "100", "75", "75", "5"], await ValuesAsync(desk, Ask("storage", "2026-03-28T09:00:00Z", "2026-03-28T18:00:00Z", WindowSize.Hour)));
        Assert.Equal(["100", "70", "70", "0"], await ValuesAsync(desk, Ask("storage", "2026-03-28T11:00:00Z", "2026-03-28T18:00:00Z", WindowSize.Hour) with { Subjects = [Sample.Acme] }));
        Assert.Equal(["70", "70"], await ValuesAsync(desk, Ask("storage", "2026-03-28T12:20:00Z", "2026-03-28T12:22:00Z", WindowSize.Minute) with { Subjects = [Sample.Acme] }));
        Assert.Equal(
            ["2026-03-28T12:00:00Z 2026-03-28T13:00:00Z -30 api", "2026-03-28T12:00:00Z 2026-03-28T13:00:00Z 100 web"],
            await RowsAsync(desk, Ask("storage", "2026-03-28T12:00:00Z", "2026-03-28T13:00:00Z") with { Subjects = [Sample.Acme], GroupBy = ["source"] }));
    }

    [Fact(DisplayName = "LOG-2: windows that have not begun are left out")]
    public async Task TheFutureIsLeftOut()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping");
        Assert.Equal(["0", "1"], await ValuesAsync(desk, Ask("calls", "2026-03-27T00:00:00Z", "2026-06-01T00:00:00Z", WindowSize.Day)));
        Assert.Empty(await ValuesAsync(desk, Ask("calls", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z", WindowSize.Day)));
    }

    [Theory(DisplayName = "LOG-2: a question that cannot be answered says why and what to do")]
    [InlineData("nothing", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", null, "", "/meter", "There is no meter 'nothing'")]
    [InlineData("calls", "2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z", null, "", "/to", "'from' must lie before 'to'")]
    [InlineData("calls", "0001-02-01T00:00:00Z", "2026-02-01T00:00:00Z", null, "", "/to", "1900 to 8999")]
    [InlineData("calls", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", null, "colour", "/groupBy", "'colour' is no dimension; take subject, type, user")]
    [InlineData("calls", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", null, "properties.", "/groupBy", "no dimension")]
    [InlineData("calls", "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z", "Minute", "", "/from", "at most 31 days")]
    [InlineData("calls", "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z", null, "user,source", "/from", "more than one dimension")]
    [InlineData("calls", "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z", null, "properties.region", "/from", "'properties.region'")]
    [InlineData("storage", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", null, "user,source", "/groupBy", "is a level")]
    [InlineData("calls", "2000-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "Hour", "", "/windowSize", "more than 50000 rows")]
    [InlineData("calls", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", null, "user,source,model,status,type,subject", "/groupBy", "At most 5")]
    public async Task AWrongQuestionIsRefused(string meter, string from, string to, string? window, string groupBy, string pointer, string message)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        MeterAnswer answer = await QueryAsync(desk, Ask(meter, from, to, window is null ? null : Enum.Parse<WindowSize>(window)) with { GroupBy = groupBy.Split(',', StringSplitOptions.RemoveEmptyEntries) });
        Assert.NotNull(answer.Failure);
        Assert.Equal(pointer, answer.Failure.Pointer);
        Assert.Contains(message, answer.Failure.Message, StringComparison.Ordinal);
        Assert.Empty(answer.Rows);
    }

    [Fact(DisplayName = "ACC-2: another workspace's account is as unknown as one that never was")]
    public async Task OtherWorkspacesAreUnknown()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "ping");
        Workspace other = (await desk.Store.Workspaces.CreateAsync("other", null, "UTC", CancellationToken.None))!;
        await desk.Get<CatalogService>().ReplaceAsync(other.Id, UsageDesk.Catalog, CatalogFormat.Yaml, null, AuditActor.Host, CancellationToken.None);
        MeterQuery query = Whole("calls") with { GroupBy = ["type"] };
        Assert.NotEmpty((await desk.Get<MeterQueryService>().QueryAsync(desk.Workspace, query with { Subjects = [Sample.Acme] }, CancellationToken.None)).Rows);
        Assert.Empty((await desk.Get<MeterQueryService>().QueryAsync(other.Id, query with { Subjects = [Sample.Acme] }, CancellationToken.None)).Rows);
        Assert.Empty((await desk.Get<MeterQueryService>().QueryAsync(desk.Workspace, query with { Subjects = [new AccountKey("never")] }, CancellationToken.None)).Rows);
        Assert.Empty((await desk.Get<MeterQueryService>().QueryAsync(other.Id, query, CancellationToken.None)).Rows);
    }

    [Fact(DisplayName = "LOG-2: far behind, the summaries are brought up before they answer")]
    public async Task FarBehindTheSummariesAreBroughtUp()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("first", "ping");
        long account = await desk.IdOfAsync();
        await using (ILedgerTransaction transaction = await desk.Store.Ledger.BeginAsync(desk.Workspace, CancellationToken.None))
        {
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, CancellationToken.None);
            Entry entry = Sample.Entry(account, "ping", at: s_start);
            await transaction.WriteAsync(new LedgerWrites { Rows = [.. Enumerable.Range(0, SummaryReader.LargestTail).Select(i => Sample.Row($"many-{i}", entry))] }, CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }

        Assert.Equal(["20000"], await ValuesAsync(desk, Whole("credits")));
        Assert.Equal(SummaryLag.None, await desk.Projector.LagAsync(CancellationToken.None));
    }

    [Theory(DisplayName = "LOG-2, BAL-10: windows and groups add up to the whole, summaries to the log, and both to the balances")]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task EverythingAddsUp(int seed)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(At("2026-03-02T08:00:00Z"));
        await desk.WorkAsync(seed, 60);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await desk.WorkAsync(seed + 100, 60);
        Instant from = At("2026-02-20T00:00:00Z");
        Instant to = At("2026-03-20T00:00:00Z");
        foreach (string meter in (string[])["credits", "calls", "cost"])
        {
            MeterQuery whole = new() { Meter = meter, From = from, To = to };
            decimal total = await SumAsync(desk, whole);
            Assert.NotEqual(0, total);
            foreach (WindowSize size in Enum.GetValues<WindowSize>())
            {
                Assert.Equal(total, await SumAsync(desk, whole with { WindowSize = size, WindowZone = DateTimeZoneProviders.Tzdb["Australia/Lord_Howe"] }));
            }

            foreach (string dimension in Dimensions.BuiltIn.Append("subject").Append("type").Append("properties.department"))
            {
                Assert.Equal(total, await SumAsync(desk, whole with { GroupBy = [dimension] }));
                Assert.Equal(
                    await GroupsAsync(desk, whole with { GroupBy = [dimension] }),
                    await GroupsAsync(desk, whole with { GroupBy = [dimension], WindowSize = WindowSize.Minute }));
            }

            Assert.Equal(total, await SumAsync(desk, whole with { GroupBy = ["user", "model", "properties.tier"] }));
        }

        foreach (string key in (string[])["account-0", "account-1", "account-2"])
        {
            AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, new AccountKey(key), CancellationToken.None))!;
            foreach (Balance balance in state.Balances.Values.Where(b => b.Key.Scope == ScopeKind.Account))
            {
                int scale = balance.Key.Meter switch { "credits" => 2, "cost" => 9, _ => 0 };
                Instant start = balance.Key.Per == Per.Lifetime ? At("2026-01-01T00:00:00Z") : balance.Key.PeriodStart;
                MeterQuery query = new() { Meter = balance.Key.Meter, From = start, To = Instant.Min(balance.PeriodEnd, desk.Clock.Now + Duration.FromDays(1)), Subjects = [new AccountKey(key)] };
                Assert.Equal(balance.Used.ToDecimal(scale), await SumAsync(desk, query));
            }
        }
    }

    private static Instant At(string text) => InstantPattern.ExtendedIso.Parse(text).Value;

    private static MeterQuery Ask(string meter, string from, string to, WindowSize? window = null) => new() { Meter = meter, From = At(from), To = At(to), WindowSize = window };

    private static MeterQuery Whole(string meter) => Ask(meter, "2026-03-27T00:00:00Z", "2026-03-30T00:00:00Z");

    private static Dictionary<string, IReadOnlyCollection<string>> Filter(params (string Name, string[] Values)[] filter) =>
        filter.ToDictionary(f => f.Name, f => (IReadOnlyCollection<string>)f.Values, StringComparer.Ordinal);

    private static Task<MeterAnswer> QueryAsync(UsageDesk desk, MeterQuery query) => desk.Get<MeterQueryService>().QueryAsync(desk.Workspace, query, CancellationToken.None).AsTask();

    private static async Task<IReadOnlyList<MeterRow>> TakenAsync(UsageDesk desk, MeterQuery query)
    {
        MeterAnswer answer = await QueryAsync(desk, query);
        Assert.Null(answer.Failure);
        return answer.Rows;
    }

    private static async Task<decimal> SumAsync(UsageDesk desk, MeterQuery query) => (await TakenAsync(desk, query)).Sum(row => row.Value);

    private static async Task<IEnumerable<string>> ValuesAsync(UsageDesk desk, MeterQuery query) => (await TakenAsync(desk, query)).Select(row => $"{row.Value}");

    private static async Task<IEnumerable<string>> RowsAsync(UsageDesk desk, MeterQuery query) =>
        (await TakenAsync(desk, query)).Select(row => $"{row.WindowStart} {row.WindowEnd} {row.Value}" + string.Concat(row.GroupBy.Values.Select(value => " " + value)));

    private static async Task<IEnumerable<string>> GroupsAsync(UsageDesk desk, MeterQuery query) =>
        (await TakenAsync(desk, query))
            .GroupBy(row => string.Join(',', query.GroupBy.Select(name => name == "subject" ? row.Subject : row.GroupBy[name])))
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key}={Decimals.Normalize(group.Sum(row => row.Value))}");

    private static async Task<IEnumerable<string>> GroupsAsync(UsageDesk desk, string[] groupBy, (string Name, string[] Values)[]? filter = null, bool trim = false)
    {
        IEnumerable<string> groups = await GroupsAsync(desk, Whole("calls") with { GroupBy = groupBy, Filter = Filter(filter ?? []) });
        return trim ? groups.Select(group => group.StartsWith(",=", StringComparison.Ordinal) ? group[1..] : group).OrderBy(group => group.StartsWith(',')).ThenBy(group => group, StringComparer.Ordinal) : groups;
    }
}
