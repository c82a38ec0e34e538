using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Holding amounts and slots for jobs in flight (RES, SLOT).</summary>
internal static class ReservationEndpoints
{
    private const string List = "reservations";

    private const int LargestPage = 1_000;

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Reservations");
        group.MapPost("/reservations", (Delegate)ReserveAsync).RequireScope(KeyScopes.Ingest)
            .WithName("reserve").WithSummary("Hold what a job is expected to use, and its slot")
            .WithDescription("All or nothing. 'ttl' (seconds, 1 to 604,800, 900 when absent) is how long it holds without being extended; 'wait' (seconds, at most 300) waits for a slot; lower 'priority' numbers are served first. A denial is 200 with allowed: false.")
            .Accepts<ReservationSchema>("application/json").Produces<ReservationAnswerSchema>();
        group.MapPost("/reservations/{id}/commit", (Delegate)CommitAsync).RequireScope(KeyScopes.Ingest)
            .WithName("commitReservation").WithSummary("End a job with what it used")
            .WithDescription("Without 'properties' it uses what is held. What is left returns; more than is held is denied ('overrun': reject, the default), has to fit ('consume') or is recorded ('record'). After the reservation's end the use is recorded late, as the event type says.")
            .AcceptsOptional<CommitBody>().Produces<ReservationAnswerSchema>();
        group.MapPost("/reservations/{id}/release", (Delegate)ReleaseAsync).RequireScope(KeyScopes.Ingest)
            .WithName("releaseReservation").WithSummary("Give a reservation, or a place in the queue, up")
            .WithDescription("Everything held returns. The body may be left out; it may be { \"reason\": \"…\" }.")
            .AcceptsOptional<ReleaseBody>().Produces<ReservationAnswerSchema>();
        group.MapPost("/reservations/{id}/extend", (Delegate)ExtendAsync).RequireScope(KeyScopes.Ingest)
            .WithName("extendReservation").WithSummary("Hold longer: the job is alive")
            .WithDescription("The end moves to 'ttl' seconds from now (900 when absent), never nearer. 'progress' is from 0 to 1.")
            .AcceptsOptional<ExtendBody>().Produces<ReservationAnswerSchema>();
        group.MapPost("/reservations/{id}/grow", (Delegate)GrowAsync).RequireScope(KeyScopes.Ingest)
            .WithName("growReservation").WithSummary("Hold more")
            .WithDescription("'properties' are what the job is expected to be by now; what it needs beyond what is held is held too, all of it or nothing.")
            .Accepts<GrowBody>("application/json").Produces<ReservationAnswerSchema>();
        group.MapGet("/reservations/{id}", (Delegate)GetAsync).RequireScope(KeyScopes.Read)
            .WithName("getReservation").WithSummary("How far a reservation has come").Produces<ReservationViewSchema>();
        group.MapGet("/reservations", (Delegate)ListAsync).RequireScope(KeyScopes.Read)
            .WithName("listReservations").WithSummary("Open reservations")
            .WithQuery("account", "The key of one account.").WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<ReservationListSchema>();
        group.MapGet("/admin/jobs", (Delegate)JobsAsync).RequireScope(KeyScopes.Admin)
            .WithName("getJobs").WithSummary("Jobs that run in a slot, and jobs that wait for one")
            .WithQuery("limit", "The most running jobs, 1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<JobsSchema>();
    }

    private static async Task ReserveAsync(HttpContext context, ReservationService reservations, CatalogService catalogs)
    {
        JsonBody.RequireJson(context);
        string? header = AdmissionEndpoints.IdempotencyKey(context);
        ReadEvent read = await JsonBody.ReadAsync(context, EventBounds.LargestEvent, body => EventReader.ReadReservation(body.Span, header));
        if (read.Event.Id is null)
        {
            throw new ProblemException(Problem.Invalid("/id", "'id' is required: an id of yours for this job, so that a repeat does not hold twice. The header Idempotency-Key means the same."));
        }

        ReservationRequest request = new()
        {
            Event = read.Event,
            Ttl = Seconds(read.Ttl, "/ttl") ?? Reservations.DefaultTtl,
            Wait = Seconds(read.Wait, "/wait") ?? Duration.Zero,
            Priority = read.Priority is null ? 0 : read.Priority is >= 0 and <= 1_000_000 ? (int)read.Priority : throw Texts.Wrong("/priority", "'priority' is from 0, which is served first, to 1,000,000."),
        };

        // Who waits may leave, and is answered in time also where leaving his place takes longer; what the writer has taken takes effect
        // whether or not its client waits.
        bool waits = request.Wait > Duration.Zero;
        if (waits)
        {
            context.Deadline()?.Extend(request.Wait.ToTimeSpan());
        }

        Outcome outcome = await reservations.ReserveAsync(context.Workspace(), request, waits ? context.RequestAborted : context.DeadlinePassed()).WaitAsync(context.DeadlinePassed());
        SlotWaiter? place = outcome.Allowed || !waits ? null : await reservations.FindWaitingAsync(context.Workspace(), outcome.Id, context.DeadlinePassed());
        await WriteAsync(context, outcome, read.Event.Details, catalogs, place?.Position);
    }

    private static async Task CommitAsync(HttpContext context, ReservationService reservations, CatalogService catalogs)
    {
        EventId id = RequestPath.Event(context);
        CommitBody body = await JsonBody.ReadOptionalAsync(context, new CommitBody());
        ReservationEnd end = new()
        {
            Properties = body.Properties,
            Cost = CostOf(body.Cost),
            Overrun = body.Overrun,
            Fence = body.Fence,
            Details = new EventDetails
            {
                Status = Texts.Display(body.Status, "/status"),
                LatencyMs = body.LatencyMs is null or >= 0 ? body.LatencyMs : throw Texts.Wrong("/latencyMs", "'latencyMs' is not below 0."),
                Provider = Texts.Display(body.Provider, "/provider"),
                Model = Texts.Display(body.Model, "/model"),
            },
        };
        Outcome outcome = await reservations.CommitAsync(context.Workspace(), id, end, context.DeadlinePassed());
        await WriteAsync(context, outcome, DetailsOf(outcome), catalogs);
    }

    private static async Task ReleaseAsync(HttpContext context, ReservationService reservations, CatalogService catalogs)
    {
        EventId id = RequestPath.Event(context);
        ReleaseBody body = await JsonBody.ReadOptionalAsync(context, new ReleaseBody());
        Outcome outcome = await reservations.ReleaseAsync(context.Workspace(), id, body.Fence, Texts.Display(body.Reason, "/reason"), context.DeadlinePassed());
        await WriteAsync(context, outcome, DetailsOf(outcome), catalogs);
    }

    private static async Task ExtendAsync(HttpContext context, ReservationService reservations, CatalogService catalogs)
    {
        EventId id = RequestPath.Event(context);
        ExtendBody body = await JsonBody.ReadOptionalAsync(context, new ExtendBody());
        Outcome outcome = await reservations.ExtendAsync(
            context.Workspace(), id, Seconds(body.Ttl, "/ttl") ?? Reservations.DefaultTtl, body.Fence, body.Progress, context.DeadlinePassed());
        await WriteAsync(context, outcome, DetailsOf(outcome), catalogs);
    }

    private static async Task GrowAsync(HttpContext context, ReservationService reservations, CatalogService catalogs)
    {
        EventId id = RequestPath.Event(context);
        GrowBody body = await JsonBody.ReadAsync<GrowBody>(context);
        string? header = AdmissionEndpoints.IdempotencyKey(context);
        string effect = body.Id ?? header
            ?? throw Texts.Wrong("/id", "'id' is required: an id of yours for this growth, so that a repeat does not hold twice. The header Idempotency-Key means the same.");
        if (header is not null && header != effect)
        {
            throw Texts.Wrong("/id", "'id' and the header Idempotency-Key differ; send one of them, or the same in both.");
        }

        Texts.Identifier(effect, "/id", "An id");
        Outcome outcome = await reservations.GrowAsync(context.Workspace(), id, new EventId(effect), body.Properties, CostOf(body.Cost), body.Fence, context.DeadlinePassed());
        await WriteAsync(context, outcome, DetailsOf(outcome), catalogs);
    }

    private static async Task GetAsync(HttpContext context, ReservationService reservations)
    {
        EventId id = RequestPath.Event(context);
        if (await reservations.FindAsync(context.Workspace(), id, context.RequestAborted) is { } view)
        {
            await JsonBody.WriteAsync(context, writer => WriteView(writer, view));
            return;
        }

        SlotWaiter waiter = await reservations.FindWaitingAsync(context.Workspace(), id.Value, context.RequestAborted)
            ?? throw new ProblemException(Problem.Of(new Failure(Refusal.ReservationNotFound, "", $"There is no reservation '{id}'.")));
        await JsonBody.WriteAsync(context, writer => WriteWaiter(writer, waiter));
    }

    private static async Task ListAsync(HttpContext context, ReservationService reservations)
    {
        AccountKey? account = RequestQuery.Text(context, "account") is { } key ? new AccountKey(Texts.Identifier(key, "", "An account key")) : null;
        (IReadOnlyList<ReservationView> page, string? next) = await PageAsync(context, reservations, account);
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("items"u8);
            foreach (ReservationView view in page)
            {
                WriteView(writer, view);
            }

            writer.WriteEndArray();
            writer.WriteString("next"u8, next);
            writer.WriteEndObject();
        });
    }

    private static async Task JobsAsync(HttpContext context, ReservationService reservations)
    {
        (IReadOnlyList<ReservationView> page, string? next) = await PageAsync(context, reservations, null);
        IReadOnlyList<SlotWaiter> waiting = await reservations.ReadWaitingAsync(context.Workspace(), new WaiterFilter { Limit = LargestPage }, context.RequestAborted);
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("running"u8);
            foreach (ReservationView view in page.Where(view => view.State == ReservationState.Held))
            {
                WriteView(writer, view);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("waiting"u8);
            foreach (SlotWaiter waiter in waiting)
            {
                WriteWaiter(writer, waiter);
            }

            writer.WriteEndArray();
            writer.WriteString("next"u8, next);
            writer.WriteEndObject();
        });
    }

    private static async Task<(IReadOnlyList<ReservationView> Page, string? Next)> PageAsync(HttpContext context, ReservationService reservations, AccountKey? account)
    {
        int limit = RequestQuery.Whole(context, "limit", 100, 1, LargestPage);
        HoldCursor? after = null;
        if (Cursor.Read(context, List) is { } position)
        {
            string[] parts = position.Split('.');
            after = parts.Length == 2 && long.TryParse(parts[0], out long id) && long.TryParse(parts[1], out long number)
                ? new HoldCursor(id, number)
                : throw RequestQuery.Wrong("cursor", "The cursor is not one of this list.");
        }

        IReadOnlyList<ReservationView> page = await reservations.ListAsync(context.Workspace(), account, after, limit, context.RequestAborted);
        return (page, page.Count < limit ? null : Cursor.Of(List, $"{page[^1].Record.Entry.Account}.{page[^1].Record.Sequence}"));
    }

    private static async Task WriteAsync(HttpContext context, Outcome outcome, EventDetails details, CatalogService catalogs, int? position = null)
    {
        if (outcome.Failure is { } failure)
        {
            throw new ProblemException(Problem.Of(failure));
        }

        string currency = outcome.Entry?.Cost is null ? "" : (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog.Currency;
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("allowed"u8, outcome.Allowed);
            writer.WriteString("id"u8, outcome.Id);
            writer.WriteBoolean("replayed"u8, outcome.Replayed);
            if (outcome.Allowed)
            {
                writer.WriteString("state"u8, JsonText.Name(StateAfter(outcome)));
                ReservationTerms? terms = outcome.Entry?.Reservation;
                JsonText.Time(writer, "expiresAt"u8, terms?.ExpiresAt ?? outcome.Hold?.ExpiresAt);
                if (outcome.Entry is { } entry)
                {
                    AnswerWriter.WriteEntry(writer, entry, details, currency, before: false);
                }

                WriteSlot(writer, terms?.Slot ?? outcome.Hold?.Slot);
            }
            else
            {
                if (outcome.Hold is { } hold)
                {
                    writer.WriteString("state"u8, JsonText.Name(ReservationState.Held));
                    JsonText.Time(writer, "expiresAt"u8, hold.ExpiresAt);
                }

                AnswerWriter.WriteDenial(writer, outcome, details);
                if (position is { } place)
                {
                    writer.WriteNumber("position"u8, place);
                }
            }

            writer.WriteEndObject();
        });
    }

    /// <summary>A repeat tells what the first answer told.</summary>
    private static ReservationState StateAfter(Outcome outcome) => outcome.Entry?.Kind switch
    {
        EntryKind.Commit => outcome.Entry.Flags.HasFlag(EntryFlags.AfterExpiry) ? ReservationState.Expired : ReservationState.Committed,
        EntryKind.Reservation or EntryKind.Growth => ReservationState.Held,
        EntryKind.Release => ReservationState.Released,
        _ => outcome.Hold is null ? ReservationState.Released : ReservationState.Held,
    };

    private static void WriteView(Utf8JsonWriter writer, ReservationView view)
    {
        Entry entry = view.Record.Entry;
        writer.WriteStartObject();
        writer.WriteString("id"u8, view.Record.Details.Id);
        writer.WriteString("account"u8, view.Record.Account?.Value);
        writer.WriteString("type"u8, entry.Type);
        JsonText.Text(writer, "user"u8, view.Record.Details.User);
        JsonText.Text(writer, "resource"u8, view.Record.Details.Resource);
        writer.WriteString("state"u8, JsonText.Name(view.State));
        JsonText.Time(writer, "createdAt"u8, entry.At);
        JsonText.Time(writer, "expiresAt"u8, view.ExpiresAt);
        JsonText.Time(writer, "heartbeatAt"u8, view.Hold?.HeartbeatAt);
        JsonText.Time(writer, "endedAt"u8, view.State switch
        {
            ReservationState.Held => null,
            ReservationState.Expired => view.ExpiresAt,
            _ => view.End?.RecordedAt,
        });
        if (view.Hold?.Progress is { } progress)
        {
            writer.WriteNumber("progress"u8, progress);
        }

        WriteSlot(writer, entry.Reservation?.Slot);
        writer.WriteStartArray("held"u8);
        foreach (HeldAmount held in view.State == ReservationState.Held ? view.Hold?.Amounts ?? [] : [])
        {
            writer.WriteStartObject();
            writer.WriteString("meter"u8, held.Key.Meter);
            JsonText.Amount(writer, "amount"u8, held.Amount, held.Scale);
            writer.WriteString("per"u8, held.Key.Per.Name());
            writer.WriteString("scope"u8, JsonText.Name(held.Key.Scope));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (view.End is { Kind: EntryKind.Commit } commit)
        {
            AnswerWriter.WriteCharges(writer, commit.Charges);
            writer.WriteBoolean("late"u8, commit.Flags.HasFlag(EntryFlags.AfterExpiry));
        }

        JsonText.Text(writer, "reason"u8, view.End?.Reason);
        writer.WriteEndObject();
    }

    private static void WriteWaiter(Utf8JsonWriter writer, SlotWaiter waiter)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, waiter.Reservation);
        writer.WriteString("account"u8, waiter.Account.Value);
        writer.WriteString("state"u8, "waiting"u8);
        writer.WriteString("kind"u8, waiter.Kind);
        writer.WriteNumber("priority"u8, waiter.Priority);
        writer.WriteNumber("position"u8, waiter.Position);
        JsonText.Time(writer, "waitingSince"u8, waiter.Since);
        writer.WriteEndObject();
    }

    private static void WriteSlot(Utf8JsonWriter writer, SlotLease? slot)
    {
        if (slot is null)
        {
            writer.WriteNull("slot"u8);
            return;
        }

        writer.WriteStartObject("slot"u8);
        writer.WriteString("kind"u8, slot.Kind);
        writer.WriteString("lease"u8, slot.Lease);
        writer.WriteNumber("fence"u8, slot.Fence);
        writer.WriteEndObject();
    }

    private static EventDetails DetailsOf(Outcome outcome) => outcome.Target?.Details ?? EventDetails.Empty;

    private static GivenCost? CostOf(CostSchema? cost) => cost is null ? null
        : cost.Amount < 0 ? throw Texts.Wrong("/cost/amount", "A cost is not below 0.")
        : new GivenCost(cost.Amount, cost.Currency);

    private static Duration? Seconds(long? seconds, string pointer) => seconds switch
    {
        null => null,
        >= 0 and <= 604_800 => Duration.FromSeconds(seconds.Value),
        _ => throw Texts.Wrong(pointer, $"'{pointer[1..]}' is a whole number of seconds, at most 604,800 (7 days)."),
    };
}

/// <param name="Properties">What is known now, over what was expected; absent commits what is held.</param>
/// <param name="Overrun">What happens when more was used than is held.</param>
/// <param name="Fence">The slot's, to be verified.</param>
internal sealed record CommitBody(
    Properties? Properties = null, Overrun Overrun = Overrun.Reject, long? Fence = null, CostSchema? Cost = null, string? Status = null, long? LatencyMs = null,
    string? Provider = null, string? Model = null);

internal sealed record ReleaseBody(string? Reason = null, long? Fence = null);

/// <param name="Ttl">Seconds from now.</param>
/// <param name="Progress">From 0 to 1.</param>
internal sealed record ExtendBody(long? Ttl = null, long? Fence = null, decimal? Progress = null);

internal sealed record GrowBody(Properties Properties, string? Id = null, CostSchema? Cost = null, long? Fence = null);

/// <summary>The event of a job with how long it holds and waits, in seconds.</summary>
internal sealed record ReservationSchema(
    string? Id, string Account, string Type, IReadOnlyDictionary<string, JsonElement>? Properties, long? Ttl, long? Wait, long? Priority, string? User,
    string? Source, string? Campaign, string? Resource, string? Provider, string? Model, string? Endpoint, string? RequestId, string? Address,
    string? UserAgent, string? Key, CostSchema? Cost);

internal sealed record SlotSchema(string Kind, string Lease, long Fence);

internal sealed record ReservationAnswerSchema(
    bool Allowed, string Id, bool Replayed, string? State, DateTimeOffset? ExpiresAt, SlotSchema? Slot, IReadOnlyList<ChargeSchema>? Charges, CostSchema? Cost,
    IReadOnlyList<BalanceSchema>? Balances, IReadOnlyList<WarningSchema>? Warnings, string? Reason, IReadOnlyList<ViolationSchema>? Violations,
    AdviceSchema? Advice, int? Position);

internal sealed record HeldSchema(string Meter, decimal Amount, string Per, string Scope);

internal sealed record ReservationViewSchema(
    string? Id, string? Account, string Type, string? User, string? Resource, string State, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? HeartbeatAt, DateTimeOffset? EndedAt, decimal? Progress, SlotSchema? Slot, IReadOnlyList<HeldSchema> Held,
    IReadOnlyList<ChargeSchema>? Charges, bool? Late, string? Reason);

internal sealed record ReservationListSchema(IReadOnlyList<ReservationViewSchema> Items, string? Next);

internal sealed record WaiterSchema(string Id, string Account, string State, string Kind, int Priority, int Position, DateTimeOffset WaitingSince);

internal sealed record JobsSchema(IReadOnlyList<ReservationViewSchema> Running, IReadOnlyList<WaiterSchema> Waiting, string? Next);
