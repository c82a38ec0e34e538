using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>The decision with and without effect.</summary>
internal static class AdmissionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Admission");
        group.MapPost("/consume", (Delegate)Consume).RequireScope(KeyScopes.Ingest)
            .WithName("consume").WithSummary("Use, or learn that it may not")
            .WithDescription("Decides all limits that the event touches together and records it when they allow it. A denial is 200 with allowed: false; repeats of an id get the same answer.")
            .Accepts<EventSchema>("application/json").Produces<ConsumeAnswerSchema>();
        group.MapPost("/check", (Delegate)Check).RequireScope(KeyScopes.Read)
            .WithName("check").WithSummary("The same decision without effect")
            .WithDescription("Advisory, from state at most one second old. Balances are those before the event. Only consume decides.")
            .Accepts<EventSchema>("application/json").Produces<ConsumeAnswerSchema>();
    }

    private static async Task Consume(HttpContext context, AdmissionService admission, CatalogService catalogs)
    {
        ReadEvent read = await ReadAsync(context);
        if (read.Event.Id is null)
        {
            throw new ProblemException(Problem.Invalid("/id", "'id' is required: an id of yours for this effect, so that a repeat is not counted twice. The header Idempotency-Key means the same."));
        }

        // Not cancelled when the client goes away: what is in the writer's queue takes effect whether or not he waits.
        Outcome outcome = await admission.ConsumeAsync(context.Workspace(), read.Event, read.Mode ?? ConsumeMode.Enforce, context.DeadlinePassed());
        if (outcome.Failure is { } failure)
        {
            throw new ProblemException(Problem.Of(failure));
        }

        string currency = outcome.Entry?.Cost is null ? "" : (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog.Currency;
        await JsonBody.WriteAsync(context, (outcome, read.Event.Details, currency), static (writer, answer) => AnswerWriter.Write(writer, answer.outcome, answer.Details, answer.currency));
    }

    private static async Task Check(HttpContext context, AdmissionService admission, CatalogService catalogs) =>
        await CheckAsync(context, await ReadAsync(context), admission, catalogs, outcome => outcome);

    /// <param name="shown">What of the outcome the caller may see.</param>
    internal static async Task CheckAsync(HttpContext context, ReadEvent read, AdmissionService admission, CatalogService catalogs, Func<Outcome, Outcome> shown)
    {
        CheckOutcome check = await admission.CheckAsync(context.Workspace(), read.Event, read.Mode ?? ConsumeMode.Enforce, context.RequestAborted);
        if (check.Outcome.Failure is { } failure)
        {
            throw new ProblemException(Problem.Of(failure));
        }

        string currency = check.Outcome.Entry?.Cost is null ? "" : (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog.Currency;
        await JsonBody.WriteAsync(
            context, (Outcome: shown(check.Outcome), read.Event.Details, currency, check.AsOf),
            static (writer, answer) => AnswerWriter.Write(writer, answer.Outcome, answer.Details, answer.currency, answer.AsOf));
    }

    /// <param name="account">Whose event it is when the body does not say.</param>
    internal static ValueTask<ReadEvent> ReadAsync(HttpContext context, AccountKey? account = null)
    {
        JsonBody.RequireJson(context);
        string? header = IdempotencyKey(context);
        return JsonBody.ReadAsync(context, EventBounds.LargestEvent, (header, account), static (body, known) => EventReader.ReadOne(body.Span, withMode: true, known.header, known.account));
    }

    /// <summary>The header that means the same as a member <c>id</c> (ID-1).</summary>
    internal static string? IdempotencyKey(HttpContext context)
    {
        string? header = context.Request.Headers["Idempotency-Key"];
        if (header is not null && !Identifier.IsValid(header))
        {
            throw new ProblemException(Problem.Invalid("", $"The header Idempotency-Key must be {Identifier.Form}."));
        }

        return header;
    }
}
