using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.Storage.Tests;

public sealed class UsageInsightTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 1, 10, 12, 0, 0);

    [Fact(DisplayName = "BAL-10: the history has every period since the account's first, newest first, with the current limit")]
    public async Task TheHistoryHasEveryPeriod()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", cost: 1.5m);
        desk.Clock.Now = Instant.FromUtc(2026, 3, 20, 0, 0);
        await desk.RecordAsync("2", "diagnose", [("complexity", 2.5m)]);

        UsageHistory credits = Assert.Single(await HistoryAsync(desk, "credits", null, 12));
        Assert.Equal(("credits", Per.Month), (credits.Meter.Key, credits.Per));
        Assert.Equal(
            [
                "2026-03-10T00:00:00Z 2026-04-10T00:00:00Z True 25 100000 0.03",
                "2026-02-10T00:00:00Z 2026-03-10T00:00:00Z False 0  ",
                "2026-01-10T00:00:00Z 2026-02-10T00:00:00Z False 10  ",
            ],
            credits.Periods.Select(Text));
        Assert.Equal(["25", "0"], Assert.Single(await HistoryAsync(desk, "credits", Per.Month, 2)).Periods.Select(period => $"{period.Used}"));
        Assert.Empty(await HistoryAsync(desk, "credits", Per.Week, 2));
        Assert.Equal(["calls Month", "credits Month", "storage Lifetime"], (await HistoryAsync(desk, null, null, 3)).Select(history => $"{history.Meter.Key} {history.Per}").Order(StringComparer.Ordinal));
        Assert.Null(await desk.Get<UsageHistoryService>().ReadAsync(desk.Workspace, new AccountKey("never"), null, null, 1, CancellationToken.None));
    }

    [Fact(DisplayName = "BAL-10: imported history and a change of the anchor keep their periods in the history")]
    public async Task TheHistoryKeepsItsPeriods()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", at: Instant.FromUtc(2025, 10, 15, 0, 0), import: true);
        await desk.RecordAsync("2", "diagnose");
        Outcome changed = await desk.Get<AccountService>().ChangeAsync(
            desk.Workspace, Sample.Acme, new AccountChange { Anchor = new LocalDateTime(2026, 1, 25, 0, 0) }, null, false, AuditActor.Host, CancellationToken.None);
        Assert.True(changed.Allowed);
        desk.Clock.Now = Instant.FromUtc(2026, 2, 26, 0, 0);
        await desk.RecordAsync("3", "diagnose");
        await desk.RecordAsync("4", "diagnose");

        Assert.Equal(
            [
                "2026-02-25T00:00:00Z 2026-03-25T00:00:00Z True 20 100000 0.02",
                "2026-02-10T00:00:00Z 2026-02-25T00:00:00Z False 0  ",
                "2026-01-10T00:00:00Z 2026-02-10T00:00:00Z False 10  ",
                "2025-12-10T00:00:00Z 2026-01-10T00:00:00Z False 0  ",
                "2025-11-10T00:00:00Z 2025-12-10T00:00:00Z False 0  ",
                "2025-10-10T00:00:00Z 2025-11-10T00:00:00Z False 10  ",
            ],
            Assert.Single(await HistoryAsync(desk, "credits", null, 24)).Periods.Select(Text));
    }

    [Fact(DisplayName = "LOG-2: a breakdown has events, failures, amounts and the part of the main meter, largest first")]
    public async Task ABreakdownHasItsParts()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.RecordAsync("1", "diagnose", [("department", "R&D")], details: new EventDetails { User = "ann", Source = "web", LatencyMs = 100 }, cost: 0.5m);
        await desk.RecordAsync("2", "diagnose", [("complexity", 2)], details: new EventDetails { User = "bob", LatencyMs = 51 });
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await desk.RecordAsync("3", "render", [("seconds", 120)], details: new EventDetails { User = "bob" });
        await desk.RecordAsync("4", "diagnose", details: new EventDetails { User = "ann" }, failed: true);
        await desk.RecordAsync("5", "stored", [("bytes", 7)], account: "beta");
        await desk.AdjustAsync("6", "credits", 1);

        UsageBreakdown byType = await BreakAsync(desk, "type");
        Assert.Equal("credits", byType.MainMeter);
        Assert.Equal(
            ["diagnose 2 events 1 failed calls=2 cost=0.5 credits=30 75.5 ms 88.24 %", "render 1 events 0 failed credits=3 8.82 %", " 0 events 0 failed credits=1 2.94 %"],
            byType.Rows.Select(Text));
        Assert.Equal(" 3 events 1 failed calls=2 cost=0.5 credits=34 75.5 ms 100 %", Text(byType.Total));
        Assert.Equal(["ai 30", "media 3", " 1"], (await BreakAsync(desk, "category")).Rows.Select(row => $"{row.Key} {row.Amounts["credits"]}"));
        Assert.Equal(["bob 23 67.65", "ann 10 29.41", " 1 2.94"], (await BreakAsync(desk, "user")).Rows.Select(row => $"{row.Key} {row.Amounts["credits"]} {row.Percent}"));
        Assert.Equal([" 24", "web 10"], (await BreakAsync(desk, "source")).Rows.Select(row => $"{row.Key} {row.Amounts["credits"]}"));
        Assert.Equal([" 24", "R&D 10"], (await BreakAsync(desk, "properties.department")).Rows.Select(row => $"{row.Key} {row.Amounts["credits"]}"));
        Assert.Equal(["acme 3 100", "beta 1 0"], (await BreakAsync(desk, "subject", account: null)).Rows.Select(row => $"{row.Key} {row.Events} {row.Percent}"));
        Assert.Equal(["diagnose 100", "render 0", " 0"], (await BreakAsync(desk, "type", meter: "calls")).Rows.Select(row => $"{row.Key} {row.Percent}"));
        Assert.Empty((await BreakAsync(desk, "type", account: "never")).Rows);
        Assert.Null((await BreakAsync(desk, "type", account: "never")).Total.Percent);
    }

    [Theory(DisplayName = "LOG-2: a breakdown that cannot be made says why")]
    [InlineData("colour", 1, null, "/by", "take type, category, subject, user")]
    [InlineData("type", -1, null, "/to", "'from' must lie before 'to'")]
    [InlineData("type", 1, "nothing", "/meter", "There is no meter 'nothing'")]
    [InlineData("properties.region", 32, null, "/from", "at most 31 days")]
    public async Task AWrongBreakdownIsRefused(string by, int days, string? meter, string pointer, string message)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        BreakdownAnswer answer = await desk.Get<UsageBreakdownService>().ReadAsync(desk.Workspace, null, by, s_start, s_start + Duration.FromDays(days), meter, CancellationToken.None);
        Assert.Null(answer.Breakdown);
        Assert.Equal(pointer, answer.Failure!.Pointer);
        Assert.Contains(message, answer.Failure.Message, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "LOG-2: breakdowns agree with one another and with the meters, whatever is summed already")]
    [InlineData(21)]
    [InlineData(22)]
    public async Task BreakdownsAgree(int seed)
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        await desk.WorkAsync(seed, 50);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        await desk.WorkAsync(seed + 100, 50);
        UsageBreakdown whole = await BreakAsync(desk, "type", account: null);
        Assert.True(whole.Total.Events > 0 && whole.Total.Failed > 0);
        foreach (string by in Dimensions.BuiltIn.Concat(["category", "subject", "properties.department", "properties.nowhere"]))
        {
            UsageBreakdown broken = await BreakAsync(desk, by, account: null);
            Assert.Equal(Text(whole.Total), Text(broken.Total));
            Assert.Equal((whole.Total.Events, whole.Total.Failed), (broken.Rows.Sum(row => row.Events), broken.Rows.Sum(row => row.Failed)));
            foreach (string meter in (string[])["credits", "calls", "cost"])
            {
                MeterAnswer answer = await desk.Get<MeterQueryService>().QueryAsync(desk.Workspace, new MeterQuery { Meter = meter, From = whole.From, To = whole.To }, CancellationToken.None);
                Assert.Equal(answer.Rows[0].Value, broken.Rows.Sum(row => row.Amounts.GetValueOrDefault(meter)));
            }
        }
    }

    [Fact(DisplayName = "PER-1: a trend goes by the account's periods or by calendar months of its zone, each with its change in percent")]
    public async Task ATrendGoesByMonths()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_start);
        Timeline timeline = Timeline.Starting(new Schedule(DateTimeZoneProviders.Tzdb["Europe/Berlin"], new LocalDateTime(2026, 1, 10, 0, 0, 7)));
        await desk.Store.Ledger.CreateAccountsAsync(desk.Workspace, [new NewAccount(Sample.Account() with { Timeline = timeline }, new AccountProfile(Sample.Acme))], CancellationToken.None);
        (string Time, int Calls)[] uses = [("2026-01-31T22:59:59Z", 4), ("2026-01-31T23:00:00Z", 1), ("2026-02-09T23:00:06Z", 2), ("2026-02-09T23:00:07Z", 3), ("2026-03-15T00:00:00Z", 9)];
        foreach ((string time, int calls) in uses)
        {
            desk.Clock.Now = InstantPattern.ExtendedIso.Parse(time).Value;
            for (int i = 0; i < calls; i++)
            {
                await desk.RecordAsync($"{time} {i}".Replace(' ', '/'), "ping");
            }
        }

        await desk.RecordAsync("level", "stored", [("bytes", 5)]);
        Assert.Equal(
            ["2026-01-31T23:00:00Z 2026-02-28T23:00:00Z False 6 calls=6 calls+50%", "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z True 10 calls=9 calls+50%"],
            await TrendAsync(desk, TrendMonths.Calendar, 2));
        Assert.Equal(
            [
                "2025-12-09T23:00:07Z 2026-01-09T23:00:07Z False 0", "2026-01-09T23:00:07Z 2026-02-09T23:00:07Z False 7 calls=7",
                "2026-02-09T23:00:07Z 2026-03-09T23:00:07Z False 3 calls=3 calls-57.14%", "2026-03-09T23:00:07Z 2026-04-09T22:00:07Z True 10 calls=9 calls+200%",
            ],
            await TrendAsync(desk, TrendMonths.Periods, 4));
        Assert.Equal(
            ["2026-02-01T00:00:00Z 2026-03-01T00:00:00Z False 5 calls=5 calls+0%", "2026-03-01T00:00:00Z 2026-04-01T00:00:00Z True 10 calls=9 calls+80%"],
            await TrendAsync(desk, TrendMonths.Calendar, 2, all: true));
        Assert.Null(await desk.Get<UsageTrendService>().ReadAsync(desk.Workspace, new AccountKey("never"), TrendMonths.Calendar, 1, CancellationToken.None));
    }

    private static string Text(HistoryPeriod period) => $"{period.Start} {period.End} {period.IsCurrent} {period.Used} {period.Limit} {period.Percent}";

    private static string Text(BreakdownRow row) =>
        $"{row.Key} {row.Events} events {row.Failed} failed" + string.Concat(row.Amounts.Select(a => $" {a.Key}={a.Value}")) + (row.LatencyMs is { } ms ? $" {ms} ms" : "") + $" {row.Percent} %";

    private static async Task<IEnumerable<UsageHistory>> HistoryAsync(UsageDesk desk, string? meter, Per? per, int periods) =>
        (await desk.Get<UsageHistoryService>().ReadAsync(desk.Workspace, Sample.Acme, meter, per, periods, CancellationToken.None))!.Value
            .Where(history => history.Meter.Key is not (Meter.CostKey or "seats"));

    private static async Task<UsageBreakdown> BreakAsync(UsageDesk desk, string by, string? account = "acme", string? meter = null)
    {
        BreakdownAnswer answer = await desk.Get<UsageBreakdownService>().ReadAsync(
            desk.Workspace, account is null ? null : new AccountKey(account), by, s_start - Duration.FromDays(25), s_start + Duration.FromDays(5), meter, CancellationToken.None);
        Assert.Null(answer.Failure);
        return answer.Breakdown!;
    }

    private static async Task<IEnumerable<string>> TrendAsync(UsageDesk desk, TrendMonths by, int months, bool all = false) =>
        (await desk.Get<UsageTrendService>().ReadAsync(desk.Workspace, all ? null : Sample.Acme, by, months, CancellationToken.None))!.Value.Select(month =>
            $"{month.Start} {month.End} {month.IsCurrent} {month.Events}" + string.Concat(month.Amounts.Select(a => $" {a.Key}={a.Value}")) + string.Concat(month.Changes.Select(c => $" {c.Key}{(c.Value < 0 ? "" : "+")}{c.Value}%")));
}
