using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What a meter counted, in windows and groups.</summary>
internal static class MeterEndpoints
{
    private static readonly Duration s_span = Duration.FromDays(30);

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Usage");
        group.MapGet("/meters/{slug}/query", (Delegate)QueryAsync).RequireScope(KeyScopes.Read).MayTakeLong()
            .WithName("queryMeter").WithSummary("What a meter counted, in windows and groups; CSV by Accept")
            .WithDescription("Without windowSize one window from 'from' to 'to'. Windows follow the calendar of windowTimeZone. A level's value is what stood at the window's end.")
            .WithQuery("from", "30 days before 'to' when absent.").WithQuery("to", "Now when absent.")
            .WithQuery("windowSize", "MINUTE, HOUR, DAY, WEEK or MONTH.").WithQuery("windowTimeZone", "Of the TZDB; UTC when absent.")
            .WithQuery("subject", "An account's key; may stand more than once. All accounts when absent.", many: true)
            .WithQuery("groupBy", "subject, type, user, source, endpoint, model, campaign, status or properties.NAME; may stand more than once.", many: true)
            .WithQuery("filterGroupBy[]", "filterGroupBy[model]=gpt-4o: only usage with this value; may stand more than once.", many: true)
            .Produces<MeterAnswerBody>(StatusCodes.Status200OK, "application/json", CsvTable.ContentType);
    }

    private static async Task QueryAsync(HttpContext context, MeterQueryService meters, TimeProvider time)
    {
        Instant to = RequestQuery.Time(context, "to") ?? Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow())) + Clock.Microsecond;
        MeterQuery query = new()
        {
            Meter = RequestPath.Name(context, "slug", "The key of a meter"),
            From = RequestQuery.Time(context, "from") ?? to - s_span,
            To = to,
            WindowSize = RequestQuery.Choice<WindowSize?>(
                context, "windowSize", null, ("MINUTE", WindowSize.Minute), ("HOUR", WindowSize.Hour), ("DAY", WindowSize.Day), ("WEEK", WindowSize.Week), ("MONTH", WindowSize.Month)),
            WindowZone = Zone(context),
            Subjects = [.. RequestQuery.Many(context, "subject").Select(Subject)],
            GroupBy = RequestQuery.Many(context, "groupBy"),
            Filter = RequestQuery.ByKey(context, "filterGroupBy"),
        };
        MeterAnswer answer = await meters.QueryAsync(context.Workspace(), query, context.RequestAborted);
        if (answer.Failure is { } failure)
        {
            throw InsightEndpoints.OfParameter(failure.Refusal == Refusal.UnknownMeter ? failure with { Pointer = "/slug" } : failure);
        }

        if (CsvTable.IsWanted(context))
        {
            await WriteCsvAsync(context, query, answer);
            return;
        }

        context.Response.Headers.Vary = "Accept";
        await JsonBody.WriteAsync(context, new MeterAnswerBody(
            query.From, query.To, query.WindowSize?.ToString().ToUpperInvariant(),
            [.. answer.Rows.Select(row => new MeterItem(row.Value, row.WindowStart, row.WindowEnd, row.Subject, row.GroupBy))]));
    }

    private static Task WriteCsvAsync(HttpContext context, MeterQuery query, MeterAnswer answer)
    {
        string[] groups = [.. query.GroupBy.Where(name => name != "subject").Distinct(StringComparer.Ordinal)];
        return CsvTable.WriteAsync(context, query.Meter + ".csv", ["windowStart", "windowEnd", "subject", .. groups, "value"], async table =>
        {
            foreach (MeterRow row in answer.Rows)
            {
                table.Add(row.WindowStart);
                table.Add(row.WindowEnd);
                table.Add(row.Subject);
                foreach (string group in groups)
                {
                    table.Add(row.GroupBy.GetValueOrDefault(group));
                }

                table.Add(row.Value);
                await table.EndRowAsync();
            }
        });
    }

    private static DateTimeZone Zone(HttpContext context) => RequestQuery.Text(context, "windowTimeZone") is not { } text ? DateTimeZone.Utc
        : DateTimeZoneProviders.Tzdb.GetZoneOrNull(text) ?? throw RequestQuery.Wrong(
            "windowTimeZone", $"'{Texts.Shown(text)}' is not a time zone of the TZDB{NearestName.Suggestion(text, DateTimeZoneProviders.Tzdb.Ids)}.");

    private static AccountKey Subject(string text) =>
        Identifier.IsValid(text) ? new AccountKey(text) : throw RequestQuery.Wrong("subject", $"A subject is an account's key: {Identifier.Form}.");
}

internal sealed record MeterAnswerBody(Instant From, Instant To, string? WindowSize, IReadOnlyList<MeterItem> Data);

internal sealed record MeterItem(decimal Value, Instant WindowStart, Instant WindowEnd, string? Subject, IReadOnlyDictionary<string, string?> GroupBy);
