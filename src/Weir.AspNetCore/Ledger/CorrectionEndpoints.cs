using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Taking events back and correcting balances (COR-1).</summary>
internal static class CorrectionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Events");
        group.MapPost("/events/{id}/reverse", (Delegate)ReverseAsync).RequireScope(KeyScopes.Admin)
            .WithName("reverseEvent").WithSummary("Take an event back, once")
            .WithDescription("A new entry returns what the event charged to the balances that it came from. A repeat gets the same answer. After the event's period has closed it is refused. The body may be left out; it may be { \"reason\": \"…\" }.")
            .AcceptsOptional<ReverseBody>().Produces<CorrectionSchema>();
        group.MapPost("/accounts/{key}/adjustments", (Delegate)AdjustAsync).RequireScope(KeyScopes.Admin)
            .WithName("adjust").WithSummary("Correct a meter of an account")
            .WithDescription("Moves every account-wide balance of the meter; a negative amount is at most what is used. With reset in place of an amount, what is used in the running periods becomes 0.")
            .Accepts<AdjustBody>("application/json").Produces<CorrectionSchema>();
    }

    private static async Task ReverseAsync(HttpContext context, CorrectionService corrections, CatalogService catalogs)
    {
        EventId id = RequestPath.Event(context);
        ReverseBody body = await JsonBody.ReadOptionalAsync(context, new ReverseBody());
        string? reason = Texts.Display(body.Reason, "/reason");
        Outcome outcome = await corrections.ReverseAsync(context.Workspace(), id, reason, context.Caller().KeyId, context.RequestAborted);
        await WriteAsync(context, outcome, outcome.Target?.Account.Value, outcome.Target?.Details ?? EventDetails.Empty, catalogs);
    }

    private static async Task AdjustAsync(HttpContext context, CorrectionService corrections, CatalogService catalogs)
    {
        AccountKey account = RequestPath.Account(context);
        AdjustBody body = await JsonBody.ReadAsync<AdjustBody>(context);
        string? header = AdmissionEndpoints.IdempotencyKey(context);
        string id = body.Id ?? header
            ?? throw Texts.Wrong("/id", "'id' is required: an id of yours for this correction, so that a repeat is not counted twice. The header Idempotency-Key means the same.");
        if (header is not null && header != id)
        {
            throw Texts.Wrong("/id", "'id' and the header Idempotency-Key differ; send one of them, or the same in both.");
        }

        Texts.Identifier(id, "/id", "An id");
        Texts.CatalogName(body.Meter, "/meter", "The key of a meter");
        string reason = Texts.Required(body.Reason, "/reason");
        string? actor = body.Actor is null ? null : Texts.Required(body.Actor, "/actor");
        if (body.Reset == (body.Amount is not null))
        {
            throw Texts.Wrong(body.Reset ? "/reset" : "/amount", "An adjustment has an 'amount', or 'reset': true, which takes what is used in the running periods back to 0; not both.");
        }

        if (body.Amount == 0)
        {
            throw Texts.Wrong("/amount", "An adjustment of 0 corrects nothing.");
        }

        Outcome outcome = await corrections.AdjustAsync(
            context.Workspace(), new EventId(id), account, body.Meter, body.Amount, reason, actor, context.Caller().KeyId, context.RequestAborted);
        await WriteAsync(context, outcome, account.Value, EventDetails.Empty, catalogs);
    }

    private static async Task WriteAsync(HttpContext context, Outcome outcome, string? account, EventDetails details, CatalogService catalogs)
    {
        AccountEndpoints.Succeed(outcome);
        Entry entry = outcome.Entry ?? throw new InvalidOperationException("A correction that did not fail has an entry.");
        string currency = entry.Cost is null ? "" : (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog.Currency;
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, outcome.Id);
            writer.WriteBoolean("replayed"u8, outcome.Replayed);
            writer.WriteString("account"u8, account);
            writer.WriteString("type"u8, entry.Type);
            writer.WriteString("kind"u8, entry.Kind == EntryKind.Reversal ? "reversal" : "adjustment");
            JsonText.Time(writer, "recordedAt"u8, entry.RecordedAt);
            writer.WriteString("reason"u8, entry.Reason);
            writer.WriteString("actor"u8, entry.Actor);
            AnswerWriter.WriteEntry(writer, entry, details, currency, before: false);
            writer.WriteEndObject();
        });
    }
}

internal sealed record ReverseBody(string? Reason = null);

/// <param name="Amount">In the meter's unit.</param>
/// <param name="Actor">Who corrects; the key where it is left out.</param>
/// <param name="Reset">In place of an amount: what is used in the running periods becomes 0.</param>
internal sealed record AdjustBody(string Meter, string Reason, decimal? Amount = null, bool Reset = false, string? Id = null, string? Actor = null);

internal sealed record CorrectionSchema(
    string Id, bool Replayed, string? Account, string? Type, string Kind, DateTimeOffset RecordedAt, string? Reason, string? Actor,
    IReadOnlyList<ChargeSchema> Charges, CostSchema? Cost, string? CostSource, IReadOnlyList<BalanceSchema> Balances, IReadOnlyList<WarningSchema> Warnings);
