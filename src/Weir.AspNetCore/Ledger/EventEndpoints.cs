using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Recording what has happened.</summary>
internal static class EventEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Events");
        group.MapPost("/events", (Delegate)Record).RequireScope(KeyScopes.Ingest)
            .WithName("recordEvents").WithSummary("Record usage: one event, or an array of at most 1,000")
            .WithDescription("What has happened is always recorded, beyond limits too. Each event of an array stands alone: one that is wrong is rejected, the others are recorded. Also takes CloudEvents 1.0: structured, batched and binary.")
            .Accepts<EventSchema>("application/json", "application/cloudevents+json", "application/cloudevents-batch+json").Produces<RecordAnswerSchema>().Produces(StatusCodes.Status204NoContent);
    }

    private static async Task Record(HttpContext context, AdmissionService admission, CatalogService catalogs)
    {
        if (CloudEvents.FormOf(context.Request) is { } form)
        {
            await CloudEvents.RecordAsync(context, form, admission, catalogs);
            return;
        }

        JsonBody.RequireJson(context);
        string? header = AdmissionEndpoints.IdempotencyKey(context);
        IReadOnlyList<UsageEvent> events = await JsonBody.ReadAsync(context, EventBounds.LargestBody, body => EventReader.ReadMany(body.Span, header));
        for (int i = 0; i < events.Count; i++)
        {
            if (events[i].Id is null)
            {
                throw new ProblemException(Problem.Invalid(events.Count == 1 ? "/id" : $"/{i}/id", "'id' is required: an id of yours for this event, so that a repeat is not counted twice."));
            }
        }

        IReadOnlyList<Outcome> outcomes = await admission.RecordAsync(context.Workspace(), events, context.RequestAborted);
        string currency = (await catalogs.ActiveAsync(context.Workspace(), context.RequestAborted)).Catalog.Currency;
        await JsonBody.WriteAsync(context, writer => Write(writer, events, outcomes, currency));
    }

    private static void Write(Utf8JsonWriter writer, IReadOnlyList<UsageEvent> events, IReadOnlyList<Outcome> outcomes, string currency)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("results"u8);
        for (int i = 0; i < outcomes.Count; i++)
        {
            Outcome outcome = outcomes[i];
            writer.WriteStartObject();
            writer.WriteString("id"u8, outcome.Id);
            writer.WriteString("status"u8, outcome.Failure is not null ? "rejected" : outcome.Replayed ? "duplicate" : "recorded");
            if (outcome.Failure is { } failure)
            {
                writer.WriteString("code"u8, failure.Refusal.Code());
                writer.WriteString("detail"u8, failure.Message);
                writer.WriteString("pointer"u8, failure.Pointer);
            }
            else if (outcome.Entry is { } entry)
            {
                AnswerWriter.WriteEntry(writer, entry, events[i].Details, currency, before: false);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}

internal sealed record RecordAnswerSchema(IReadOnlyList<RecordResultSchema> Results);

internal sealed record RecordResultSchema(
    string Id, string Status, string? Code, string? Detail, string? Pointer, IReadOnlyList<ChargeSchema>? Charges, CostSchema? Cost,
    IReadOnlyList<BalanceSchema>? Balances, IReadOnlyList<WarningSchema>? Warnings);
