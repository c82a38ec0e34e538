using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>The log: everything that happened, newest first, or oldest first to follow it (LOG-1).</summary>
internal static class LogEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Events");
        group.MapGet("/events", (Delegate)ListAsync).RequireScope(KeyScopes.Read)
            .WithName("listEvents").WithSummary("The log, filtered and paged; CSV by Accept")
            .WithDescription("Each row with its charges and how they came about. How a call ended stands in its own row. The log begins where the ledger does: what went by its age is not listed. To follow the log, ask with order=asc and go on from 'next', which is then always given; as CSV the next page stands in the header Link.")
            .WithQuery("account", "The account's key.").WithQuery("type", "The event type.").WithQuery("user", "The user.").WithQuery("campaign", "The campaign.")
            .WithQuery("model", "The model.").WithQuery("status", "The status, such as 200 or error.")
            .WithQuery("from", "Events from this time on (RFC 3339).").WithQuery("to", "Events before this time.")
            .WithQuery("order", "desc: newest first (when absent). asc: oldest first.")
            .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<EventListSchema>(StatusCodes.Status200OK, "application/json", CsvTable.ContentType);
        group.MapGet("/events/{id}", (Delegate)GetAsync).RequireScope(KeyScopes.Read)
            .WithName("getEvent").WithSummary("One event by its sender's id, percent-encoded").Produces<EventItemSchema>();
    }

    private static async Task ListAsync(HttpContext context, IWeirStore store, CatalogService catalogs)
    {
        bool ascending = RequestQuery.Choice(context, "order", false, ("asc", true), ("desc", false));
        string list = ascending ? "events-asc" : "events-desc";
        LedgerFilter filter = FilterOf(context, ascending, list);
        IReadOnlyList<LedgerRecord> records = await store.Ledger.ReadAsync(context.Workspace(), filter, context.RequestAborted);
        Catalog catalog = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog;
        IReadOnlyList<LogItem> items = await ItemsAsync(context, store, records);
        long? last = items.Count > 0 ? items[^1].Sequence : filter.Cursor;
        // Who follows goes on from the last row that was seen, also when there is no other yet.
        string? next = last is { } position && (ascending || items.Count == filter.Limit) ? Cursor.Of(list, position.ToString()) : null;
        if (CsvTable.IsWanted(context))
        {
            await WriteCsvAsync(context, items, next, catalog);
            return;
        }

        context.Response.Headers.Vary = "Accept";
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("items"u8);
            foreach (LogItem item in items)
            {
                LogWriter.Write(writer, item, catalog.Currency);
            }

            writer.WriteEndArray();
            writer.WriteString("next"u8, next);
            writer.WriteEndObject();
        });
    }

    private static async Task GetAsync(HttpContext context, IWeirStore store, CatalogService catalogs)
    {
        EventId id = RequestPath.Event(context);
        LedgerRecord record = await store.Ledger.FindAsync(context.Workspace(), id, context.RequestAborted) ?? throw await UnknownAsync(context, store, id);
        Catalog catalog = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog;
        IReadOnlyList<LogItem> items = await ItemsAsync(context, store, [record]);
        await JsonBody.WriteAsync(context, writer => LogWriter.Write(writer, items[0], catalog.Currency));
    }

    private static async ValueTask<ProblemException> UnknownAsync(HttpContext context, IWeirStore store, EventId id) =>
        new(Problem.Of(new Failure(Refusal.EventNotFound, "", $"There is no event '{id}'.{await store.Retention.NoteAsync(context.Workspace(), context.RequestAborted)}")));

    private static LedgerFilter FilterOf(HttpContext context, bool ascending, string list)
    {
        (NodaTime.Instant? from, NodaTime.Instant? to) = RequestQuery.Between(context);
        return new LedgerFilter
        {
            Account = RequestQuery.Identifier(context, "account") is { } account ? new AccountKey(account) : null,
            Type = RequestQuery.Name(context, "type"),
            User = RequestQuery.Identifier(context, "user"),
            Campaign = RequestQuery.Identifier(context, "campaign"),
            Model = RequestQuery.Text(context, "model"),
            Status = RequestQuery.Text(context, "status"),
            From = from,
            To = to,
            Ascending = ascending,
            Cursor = Cursor.ReadNumber(context, list),
            Limit = RequestQuery.Whole(context, "limit", 100, 1, LedgerFilter.LargestLimit),
        };
    }

    /// <summary>The rows as they are shown; reversals with the id of what they are about, in one read.</summary>
    private static async ValueTask<IReadOnlyList<LogItem>> ItemsAsync(HttpContext context, IWeirStore store, IReadOnlyList<LedgerRecord> records)
    {
        long[] targets = [.. records.Where(record => record.Entry.Target is not null).Select(record => record.Entry.Target!.Value)];
        IReadOnlyDictionary<long, EntryHistory> about = targets.Length == 0
            ? new Dictionary<long, EntryHistory>()
            : await store.Ledger.ReadEntriesAsync(context.Workspace(), targets, context.RequestAborted);
        return [.. records.Select(record => new LogItem(record, record.Entry.Target is { } target && about.TryGetValue(target, out EntryHistory? found) ? found.Entry.Details.Id : null))];
    }

    private static async Task WriteCsvAsync(HttpContext context, IReadOnlyList<LogItem> items, string? next, Catalog catalog)
    {
        if (next is not null)
        {
            QueryBuilder query = new(context.Request.Query.Where(pair => pair.Key != "cursor").SelectMany(pair => pair.Value, (pair, value) => KeyValuePair.Create(pair.Key, value ?? "")))
            {
                { "cursor", next },
            };
            context.Response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}{query.ToQueryString()}>; rel=\"next\"";
        }

        string[] meters = [.. catalog.Meters.Keys.Where(meter => meter != Meter.CostKey).Order(StringComparer.Ordinal)];
        await CsvTable.WriteAsync(context, "events.csv", LogWriter.Columns(meters), async table =>
        {
            foreach (LogItem item in items)
            {
                await LogWriter.WriteAsync(table, item, catalog.Currency, meters);
            }
        });
    }
}

internal sealed record EventListSchema(IReadOnlyList<EventItemSchema> Items, string? Next);

internal sealed record EventItemSchema(
    string? Id, string? Account, string? Type, string Kind, DateTimeOffset At, DateTimeOffset RecordedAt, string? User, string? Source, string? Campaign,
    string? Resource, string? Key, IReadOnlyList<ChargeSchema> Charges, CostSchema? Cost, string? CostSource, string? Status, long? LatencyMs, string? Provider,
    string? Model, string? Endpoint, string? RequestId, string? Address, string? UserAgent, IReadOnlyDictionary<string, System.Text.Json.JsonElement> Properties,
    IReadOnlyList<string> Flags, DateTimeOffset? ReversedAt, string? Reverses, string? Reason, string? Actor);
