using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>The operator's view of a workspace and of this process.</summary>
internal static class AdminEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Admin");
        group.MapGet("/admin/overview", (Delegate)OverviewAsync).RequireScope(KeyScopes.Admin).MayTakeLong()
            .WithName("getOverview").WithSummary("The workspace at a glance: accounts, events, denials, totals, costs, who uses most, who is near a limit").Produces<OverviewAnswerSchema>();
        group.MapGet("/admin/health", (Delegate)HealthAsync).RequireScope(KeyScopes.Admin).OutOfTurn()
            .WithName("getHealth").WithSummary("This process: readiness with its figures, memory, caches").Produces<HealthAnswer>();
    }

    private static async Task OverviewAsync(HttpContext context, OverviewService overviews, HealthService health)
    {
        Overview overview = await overviews.ReadAsync(context.Caller().Workspace, context.RequestAborted);
        ReadyAnswer ready = ReadyAnswer.Of(await health.ReadAsync(context.RequestAborted));
        await JsonBody.WriteAsync(context, writer => OverviewWriter.Write(writer, overview, ready));
    }

    private static async Task HealthAsync(HttpContext context, HealthService health, CatalogService catalogs, IWeirStore store)
    {
        ReadyAnswer ready = ReadyAnswer.Of(await health.ReadAsync(context.RequestAborted));
        using Process process = Process.GetCurrentProcess();
        (long hits, long misses, int remembered) = catalogs.CacheFigures;
        string version = typeof(AdminEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        await JsonBody.WriteAsync(context, new HealthAnswer(
            ready.Status, version.Split('+')[0], Instant.FromDateTimeUtc(process.StartTime.ToUniversalTime()), process.WorkingSet64, GC.GetTotalMemory(false),
            await store.Ledger.LastSequenceAsync(context.Workspace(), context.RequestAborted), new CatalogCacheAnswer(hits, misses, remembered), ready.Writer, ready.Recorder, ready.Summaries));
    }
}

/// <param name="LastSequence">The number of the workspace's last entry of the ledger.</param>
internal sealed record HealthAnswer(
    string Status, string Version, Instant StartedAt, long WorkingSetBytes, long HeapBytes, long LastSequence, CatalogCacheAnswer Catalogs, WriterAnswer Writer,
    RecorderFigures Recorder, SummariesAnswer Summaries);

/// <param name="Remembered">Catalog versions that are kept in memory.</param>
internal sealed record CatalogCacheAnswer(long Hits, long Misses, int Remembered);

/// <summary>Writes the overview.</summary>
internal static class OverviewWriter
{
    private static readonly Dictionary<ScopeKind, IReadOnlyDictionary<long, string>> s_noNames = [];

    public static void Write(Utf8JsonWriter writer, Overview overview, ReadyAnswer ready)
    {
        writer.WriteStartObject();
        JsonText.Time(writer, "asOf"u8, overview.AsOf);
        WriteAccounts(writer, overview);
        WriteEvents(writer, overview);
        WriteDenials(writer, overview);
        WriteTotals(writer, overview);
        WriteTop(writer, overview);
        WriteNearLimits(writer, overview);
        writer.WriteStartObject("alerts"u8);
        writer.WriteNumber("raised"u8, overview.Alerts.Raised);
        writer.WriteNumber("unread"u8, overview.Alerts.Unread);
        writer.WriteEndObject();
        writer.WriteStartArray("workspaceLimits"u8);
        foreach (UsageLine line in overview.WorkspaceLimits)
        {
            writer.WriteStartObject();
            UsageWriter.WriteLine(writer, line, s_noNames);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WritePropertyName("health"u8);
        JsonSerializer.Serialize(writer, ready, JsonBody.Options);
        writer.WriteEndObject();
    }

    private static void WriteAccounts(Utf8JsonWriter writer, Overview overview)
    {
        writer.WriteStartObject("accounts"u8);
        writer.WriteNumber("total"u8, overview.Accounts);
        writer.WriteNumber("active24h"u8, overview.Day.ActiveAccounts);
        writer.WriteNumber("active30d"u8, overview.Month.ActiveAccounts);
        writer.WriteStartArray("byPlan"u8);
        foreach (PlanCount plan in overview.AccountsByPlan)
        {
            writer.WriteStartObject();
            writer.WriteString("plan"u8, plan.Plan);
            writer.WriteString("name"u8, plan.Name);
            writer.WriteNumber("accounts"u8, plan.Accounts);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteEvents(Utf8JsonWriter writer, Overview overview)
    {
        writer.WriteStartObject("events"u8);
        writer.WriteNumber("today"u8, overview.Today.Events);
        writer.WriteNumber("last24h"u8, overview.Day.Events);
        writer.WriteNumber("last30d"u8, overview.Month.Events);
        writer.WriteNumber("failedToday"u8, overview.Today.Failed);
        writer.WriteNumber("failed30d"u8, overview.Month.Failed);
        writer.WriteEndObject();
    }

    private static void WriteDenials(Utf8JsonWriter writer, Overview overview)
    {
        writer.WriteStartObject("denials"u8);
        foreach ((string name, OverviewFigures figures) in new[] { ("last24h", overview.Day), ("last30d", overview.Month) })
        {
            writer.WriteStartObject(name);
            foreach ((string reason, long count) in figures.Denials)
            {
                writer.WriteNumber(reason, count);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteTotals(Utf8JsonWriter writer, Overview overview)
    {
        writer.WriteStartObject("month"u8);
        JsonText.Time(writer, "start"u8, overview.MonthStart);
        writer.WriteNumber("events"u8, overview.ThisMonth.Events);
        WriteAmounts(writer, overview.ThisMonth.Amounts);
        writer.WriteEndObject();
        writer.WriteStartObject("cost"u8);
        writer.WriteNumber("today"u8, overview.Today.Amounts.GetValueOrDefault(Meter.CostKey));
        writer.WriteNumber("month"u8, overview.ThisMonth.Amounts.GetValueOrDefault(Meter.CostKey));
        writer.WriteString("currency"u8, overview.Currency);
        writer.WriteEndObject();
    }

    private static void WriteTop(Utf8JsonWriter writer, Overview overview)
    {
        writer.WriteStartArray("topAccounts"u8);
        foreach (TopAccount account in overview.Top)
        {
            writer.WriteStartObject();
            writer.WriteString("account"u8, account.Account);
            writer.WriteNumber("events"u8, account.Events);
            WriteAmounts(writer, account.Amounts);
            writer.WriteNumber("cost"u8, account.Amounts.GetValueOrDefault(Meter.CostKey));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteNearLimits(Utf8JsonWriter writer, Overview overview)
    {
        writer.WriteStartObject("nearLimits"u8);
        writer.WriteNumber("count"u8, overview.NearLimitCount);
        writer.WriteStartArray("items"u8);
        foreach (NearLimit near in overview.NearLimits)
        {
            StandingLimit limit = near.Line.Limit;
            writer.WriteStartObject();
            writer.WriteString("account"u8, near.Profile.Key.Value);
            writer.WriteString("name"u8, near.Profile.Name);
            writer.WriteString("plan"u8, near.Plan.Key);
            AnswerWriter.WriteFigures(
                writer, limit.Meter.Key, limit.Meter.Scale, near.Line.Used, near.Line.Held, limit.Limit, limit.Per, near.Line.Period.Start, near.Line.Period.End);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Cost stands beside, in money.</summary>
    private static void WriteAmounts(Utf8JsonWriter writer, IReadOnlyDictionary<string, decimal> amounts)
    {
        writer.WriteStartObject("amounts"u8);
        foreach ((string meter, decimal amount) in amounts.Where(pair => pair.Key != Meter.CostKey))
        {
            writer.WriteNumber(meter, amount);
        }

        writer.WriteEndObject();
    }
}

internal sealed record OverviewAnswerSchema(
    DateTimeOffset AsOf, AccountsSchema Accounts, EventsSchema Events, DenialsSchema Denials, MonthSchema Month, OverviewCostSchema Cost,
    IReadOnlyList<TopAccountSchema> TopAccounts, NearLimitsSchema NearLimits, AlertCountsSchema Alerts, IReadOnlyList<BalanceSchema> WorkspaceLimits, ReadyAnswer Health);

/// <param name="Raised">Alerts of all accounts that stand.</param>
/// <param name="Unread">Those of them that nobody has read.</param>
internal sealed record AlertCountsSchema(long Raised, long Unread);

internal sealed record AccountsSchema(long Total, long Active24h, long Active30d, IReadOnlyList<PlanCountSchema> ByPlan);

internal sealed record PlanCountSchema(string Plan, string Name, long Accounts);

internal sealed record EventsSchema(long Today, long Last24h, long Last30d, long FailedToday, long Failed30d);

internal sealed record DenialsSchema(IReadOnlyDictionary<string, long> Last24h, IReadOnlyDictionary<string, long> Last30d);

internal sealed record MonthSchema(DateTimeOffset Start, long Events, IReadOnlyDictionary<string, decimal> Amounts);

internal sealed record OverviewCostSchema(decimal Today, decimal Month, string Currency);

internal sealed record TopAccountSchema(string Account, long Events, IReadOnlyDictionary<string, decimal> Amounts, decimal Cost);

internal sealed record NearLimitsSchema(int Count, IReadOnlyList<NearLimitSchema> Items);

internal sealed record NearLimitSchema(
    string Account, string? Name, string Plan, string Meter, decimal Used, decimal Held, decimal? Limit, decimal? Remaining, decimal? Percent, string Per,
    DateTimeOffset? PeriodStart, DateTimeOffset? PeriodEnd);
