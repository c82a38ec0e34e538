using System.Globalization;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Extra allowance of one account: given, looked at with what was drawn of it, and taken back (GRANT-1 to GRANT-3).</summary>
internal static class GrantEndpoints
{
    private const string List = "grants";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Accounts");
        group.MapPost("/accounts/{key}/grants", (Delegate)GiveAsync).RequireScope(KeyScopes.Admin)
            .WithName("giveGrant").WithSummary("Give an account extra allowance")
            .WithDescription("It adds to one limit of the meter: the longest of the whole account, or the one that 'per' names. It is drawn after the plan's allowance unless 'beforePlan' is true, lower priorities first. A repeat with the same id and content gets the same answer.")
            .Accepts<GrantBody>("application/json").Produces<GivenGrantSchema>();
        group.MapGet("/accounts/{key}/grants", (Delegate)ListAsync).RequireScope(KeyScopes.Read)
            .WithName("listGrants").WithSummary("The grants of an account with what is left of them")
            .WithDescription("Those that give or will, and those that have lately given, in the order in which they were given.")
            .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<GrantListSchema>();
        group.MapGet("/accounts/{key}/grants/{id}", (Delegate)GetAsync).RequireScope(KeyScopes.Read)
            .WithName("getGrant").WithSummary("One grant and what was drawn of it, when, by what")
            .WithQuery("limit", "Entries of the history, 1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<GrantHistorySchema>();
        group.MapDelete("/accounts/{key}/grants/{id}", (Delegate)EndAsync).RequireScope(KeyScopes.Admin)
            .WithName("endGrant").WithSummary("Take a grant back")
            .WithDescription("From now on nothing is drawn of it. What was drawn or is held of it stays. Of one that has ended already nothing changes.")
            .Produces<GrantSchema>();
    }

    private static async Task GiveAsync(HttpContext context, GrantService grants)
    {
        AccountKey account = RequestPath.Account(context);
        GrantBody body = await JsonBody.ReadAsync<GrantBody>(context);
        string? header = AdmissionEndpoints.IdempotencyKey(context);
        string id = body.Id ?? header
            ?? throw Texts.Wrong("/id", "'id' is required: an id of yours for this grant, so that a repeat does not give twice. The header Idempotency-Key means the same.");
        if (header is not null && header != id)
        {
            throw Texts.Wrong("/id", "'id' and the header Idempotency-Key differ; send one of them, or the same in both.");
        }

        Texts.Identifier(id, "/id", "An id");
        GrantRequest request = new()
        {
            Meter = Texts.CatalogName(body.Meter, "/meter", "The key of a meter"),
            Amount = body.Amount,
            Per = PerOf(body.Per, "/per"),
            Priority = body.Priority ?? GrantTerms.UsualPriority,
            Start = body.Start is { } start ? Clock.Truncate(start) : null,
            Expiry = body.Expiry is { } expiry ? Clock.Truncate(expiry) : null,
            BeforePlan = body.BeforePlan ?? false,
            Recurrence = PerOf(body.Recurrence, "/recurrence"),
            Rollover = body.Rollover is { } rollover ? new RolloverRequest(rollover.Max, rollover.Min ?? 0) : null,
            Reason = Texts.Display(body.Reason, "/reason"),
        };
        string? actor = body.Actor is null ? null : Texts.Required(body.Actor, "/actor");
        Outcome outcome = await grants.GiveAsync(context.Workspace(), new EventId(id), account, request, actor, context.Actor(), context.RequestAborted);
        AccountEndpoints.Succeed(outcome);
        Entry entry = outcome.Entry ?? throw new InvalidOperationException("A grant that was given has an entry.");
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, outcome.Id);
            writer.WriteBoolean("replayed"u8, outcome.Replayed);
            writer.WriteString("account"u8, account.Value);
            WriteTerms(writer, entry.Grant!, entry.RecordedAt, entry.Reason, entry.Actor);
            writer.WriteEndObject();
        });
    }

    private static async Task ListAsync(HttpContext context, GrantService grants)
    {
        AccountKey account = RequestPath.Account(context);
        int limit = RequestQuery.Whole(context, "limit", 100, 1, GrantService.MostDraws);
        long after = Cursor.ReadNumber(context, List) ?? 0;
        IReadOnlyList<GrantView> page = await grants.ListAsync(context.Workspace(), account, after, limit, context.RequestAborted)
            ?? throw new ProblemException(Problem.UnknownAccount(account.Value));
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("items"u8);
            foreach (GrantView grant in page)
            {
                writer.WriteStartObject();
                WriteGrant(writer, grant);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("next"u8, page.Count == limit ? CursorAfter(List, page[^1].Number) : null);
            writer.WriteEndObject();
        });
    }

    private static async Task GetAsync(HttpContext context, GrantService grants)
    {
        GrantView grant = await FindAsync(context, grants);
        int limit = RequestQuery.Whole(context, "limit", 100, 1, GrantService.MostDraws);
        string list = $"{List}.{grant.Number.ToString(CultureInfo.InvariantCulture)}";
        IReadOnlyList<GrantDraw> draws = await grants.ReadDrawsAsync(context.Workspace(), grant.Number, Cursor.ReadNumber(context, list) ?? 0, limit, context.RequestAborted);
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            WriteGrant(writer, grant);
            writer.WriteStartObject("history"u8);
            writer.WriteStartArray("items"u8);
            foreach (GrantDraw draw in draws)
            {
                WriteDraw(writer, draw, grant.Terms.Scale);
            }

            writer.WriteEndArray();
            writer.WriteString("next"u8, draws.Count == limit ? CursorAfter(list, draws[^1].Entry.Sequence) : null);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private static async Task EndAsync(HttpContext context, GrantService grants)
    {
        AccountKey account = RequestPath.Account(context);
        EventId id = RequestPath.Grant(context);
        AccountEndpoints.Succeed(await grants.EndAsync(context.Workspace(), account, id, context.Actor(), context.RequestAborted));
        GrantView grant = await FindAsync(context, grants);
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            WriteGrant(writer, grant);
            writer.WriteEndObject();
        });
    }

    private static async Task<GrantView> FindAsync(HttpContext context, GrantService grants)
    {
        EventId id = RequestPath.Grant(context);
        return await grants.FindAsync(context.Workspace(), RequestPath.Account(context), id, context.RequestAborted)
            ?? throw new ProblemException(Problem.Of(new Failure(Refusal.GrantNotFound, "", $"The account has no grant '{id}'.")));
    }

    private static Per? PerOf(string? text, string pointer) =>
        text is null ? null
        : PerNames.TryParse(text, out Per per) ? per
        : throw Texts.Wrong(pointer, $"It is one of {string.Join(", ", PerNames.All)}.");

    private static string CursorAfter(string list, long number) => Cursor.Of(list, number.ToString(CultureInfo.InvariantCulture));

    private static void WriteGrant(Utf8JsonWriter writer, GrantView grant)
    {
        writer.WriteString("id"u8, grant.Id);
        writer.WriteString("state"u8, grant.Status switch
        {
            GrantStatus.Scheduled => "scheduled",
            GrantStatus.Active => "active",
            GrantStatus.UsedUp => "used_up",
            GrantStatus.Expired => "expired",
            _ => "ended",
        });
        JsonText.Amount(writer, "left"u8, grant.Left, grant.Terms.Scale);
        JsonText.Amount(writer, "drawn"u8, grant.Drawn, grant.Terms.Scale);
        JsonText.Amount(writer, "held"u8, grant.Held, grant.Terms.Scale);
        WriteTerms(writer, grant.Terms, grant.GivenAt, grant.Reason, grant.Actor);
        JsonText.Time(writer, "endedAt"u8, grant.EndedAt);
    }

    private static void WriteTerms(Utf8JsonWriter writer, GrantTerms terms, Instant givenAt, string? reason, string? actor)
    {
        writer.WriteString("meter"u8, terms.Meter);
        JsonText.Amount(writer, "amount"u8, terms.Amount, terms.Scale);
        writer.WriteString("per"u8, terms.Per?.Name());
        writer.WriteNumber("priority"u8, terms.Priority);
        JsonText.Time(writer, "start"u8, terms.Start);
        JsonText.Time(writer, "expiry"u8, terms.End);
        writer.WriteBoolean("beforePlan"u8, terms.BeforePlan);
        writer.WriteString("recurrence"u8, terms.Recurrence?.Name());
        if (terms.Rollover is { } rollover)
        {
            writer.WriteStartObject("rollover"u8);
            JsonText.Amount(writer, "max"u8, rollover.Max, terms.Scale);
            JsonText.Amount(writer, "min"u8, rollover.Min, terms.Scale);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("rollover"u8);
        }

        writer.WriteString("source"u8, terms.IsRolledOver ? "rollover" : "grant");
        JsonText.Time(writer, "givenAt"u8, givenAt);
        writer.WriteString("reason"u8, reason);
        writer.WriteString("actor"u8, actor);
    }

    private static void WriteDraw(Utf8JsonWriter writer, GrantDraw draw, int scale)
    {
        writer.WriteStartObject();
        writer.WriteString("event"u8, draw.Of.Details.Id);
        writer.WriteString("type"u8, draw.Of.Entry.Type);
        writer.WriteString("kind"u8, KindOf(draw.Entry.Entry.Kind));
        JsonText.Time(writer, "at"u8, draw.Entry.Entry.At);
        JsonText.Time(writer, "recordedAt"u8, draw.Entry.Entry.RecordedAt);
        JsonText.Amount(writer, "drawn"u8, draw.Used, scale);
        JsonText.Amount(writer, "held"u8, draw.Held, scale);
        writer.WriteEndObject();
    }

    private static string KindOf(EntryKind kind) => kind switch
    {
        EntryKind.Usage => "usage",
        EntryKind.Reversal => "reversal",
        EntryKind.Adjustment => "adjustment",
        EntryKind.Completion => "completion",
        EntryKind.Reservation => "reservation",
        EntryKind.Commit => "commit",
        EntryKind.Release => "release",
        EntryKind.Expiry => "expiry",
        EntryKind.Growth => "growth",
        _ => throw new InvalidOperationException($"{kind} draws of no grant."),
    };
}

/// <param name="Amount">In the meter's unit; of one that recurs, in each of its periods.</param>
/// <param name="Per">The limit that it adds to, as the plan names it; the longest of the whole account when left out.</param>
/// <param name="Priority">0 to 1,000,000, lower ones are drawn first; 100 when left out.</param>
/// <param name="Start">Up to 35 days back; now when left out.</param>
/// <param name="Expiry">Never when left out.</param>
/// <param name="BeforePlan">Drawn before the plan's own allowance.</param>
/// <param name="Recurrence">Given anew at each boundary of the account's own periods of this length.</param>
/// <param name="Rollover">What of the rest moves into the next period of a grant that recurs.</param>
/// <param name="Actor">Who grants; the key where it is left out.</param>
internal sealed record GrantBody(
    string Meter, decimal Amount, string? Id = null, string? Per = null, int? Priority = null, Instant? Start = null, Instant? Expiry = null, bool? BeforePlan = null,
    string? Recurrence = null, RolloverBody? Rollover = null, string? Reason = null, string? Actor = null);

/// <param name="Max">The most that moves; no bound when left out.</param>
/// <param name="Min">What moves even when less is left; 0 when left out.</param>
internal sealed record RolloverBody(decimal? Max = null, decimal? Min = null);

internal sealed record RolloverSchema(decimal? Max, decimal Min);

internal sealed record GivenGrantSchema(
    string Id, bool Replayed, string Account, string Meter, decimal Amount, string? Per, int Priority, DateTimeOffset Start, DateTimeOffset? Expiry, bool BeforePlan,
    string? Recurrence, RolloverSchema? Rollover, string Source, DateTimeOffset GivenAt, string? Reason, string? Actor);

internal sealed record GrantSchema(
    string? Id, string State, decimal Left, decimal Drawn, decimal Held, string Meter, decimal Amount, string? Per, int Priority, DateTimeOffset Start,
    DateTimeOffset? Expiry, bool BeforePlan, string? Recurrence, RolloverSchema? Rollover, string Source, DateTimeOffset GivenAt, string? Reason, string? Actor,
    DateTimeOffset? EndedAt);

internal sealed record GrantListSchema(IReadOnlyList<GrantSchema> Items, string? Next);

internal sealed record GrantHistorySchema(
    string? Id, string State, decimal Left, decimal Drawn, decimal Held, string Meter, decimal Amount, string? Per, int Priority, DateTimeOffset Start,
    DateTimeOffset? Expiry, bool BeforePlan, string? Recurrence, RolloverSchema? Rollover, string Source, DateTimeOffset GivenAt, string? Reason, string? Actor,
    DateTimeOffset? EndedAt, GrantDrawsSchema History);

internal sealed record GrantDrawsSchema(IReadOnlyList<GrantDrawSchema> Items, string? Next);

internal sealed record GrantDrawSchema(string? Event, string? Type, string Kind, DateTimeOffset At, DateTimeOffset RecordedAt, decimal Drawn, decimal Held);
