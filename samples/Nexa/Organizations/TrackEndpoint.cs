using System.Security.Claims;
using System.Text.Json;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Nexa;

/// <param name="EventData">Properties of the event. <c>inputText</c> stands for its complexity and is not kept.</param>
internal sealed record TrackRequest(string OrganizationId, string EventType, JsonElement? EventData = null);

/// <summary>How the credits came about: base × multiplier + bonuses.</summary>
internal sealed record CreditTrace(decimal Base, decimal Multiplier, decimal? MultiplierGiven, IReadOnlyDictionary<string, decimal> Bonuses);

internal sealed record TrackAnswer(bool Success, string EventType, TrackedUsage Usage);

internal sealed record TrackedUsage(decimal CreditsConsumed, decimal? RemainingCredits, CreditTrace? Trace);

/// <summary>Any event by hand, decided like the tools' own.</summary>
internal static class TrackEndpoint
{
    private const string InputText = "inputText";
    private const string ComplexityName = "complexity";

    public static void Map(RouteGroupBuilder api) => api.MapPost("/demo/track-usage", TrackAsync).WithTags("Demo").Produces<TrackAnswer>();

    private static async Task<IResult> TrackAsync(TrackRequest request, ClaimsPrincipal caller, HttpContext context, IUsage usage, CancellationToken cancellationToken)
    {
        if (OwnOrganization.Refuse(caller, request.OrganizationId) is { } refused)
        {
            return refused;
        }

        Properties properties;
        try
        {
            properties = PropertiesOf(request.EventData);
        }
        catch (EventFormatException exception)
        {
            return Problem.Invalid(exception.Pointer, exception.Message);
        }

        UsageEvent e = UsageEvent.Of(request.OrganizationId, request.EventType).By(caller.UserName()) with
        {
            Properties = properties,
            Origin = new CallOrigin(ClientAddress.Of(context), null, context.TraceIdentifier),
        };
        e = e with { Details = e.Details with { Source = "demo" } };
        Outcome outcome = await usage.ConsumeAsync(e, cancellationToken);
        if (!outcome.Allowed)
        {
            return WeirResults.Refused(e, outcome);
        }

        Charge? credits = outcome.Entry!.Charges.FirstOrDefault(charge => charge.Meter == CreditUsage.Meter);
        EntryLine? line = outcome.Entry.Lines.FirstOrDefault(line => line.Key.Meter == CreditUsage.Meter);
        return Results.Ok(new TrackAnswer(true, request.EventType, new TrackedUsage(
            credits?.Amount.ToDecimal(credits.Scale) ?? 0,
            line?.Limit is { } limit ? Quantity.Max(limit - line.Used - line.Held, Quantity.Zero).ToDecimal(line.Scale) : null,
            credits is null ? null : new CreditTrace(
                credits.Trace.Base ?? 0, credits.Trace.Multiplier ?? 1, credits.Trace.MultiplierGiven,
                credits.Trace.Bonuses.ToDictionary(bonus => bonus.Property, bonus => bonus.Amount, StringComparer.Ordinal)))));
    }

    /// <exception cref="EventFormatException">A property is out of bounds.</exception>
    private static Properties PropertiesOf(JsonElement? data)
    {
        if (data is not { } given || given.ValueKind == JsonValueKind.Null)
        {
            return Properties.Empty;
        }

        Utf8JsonReader reader = new(JsonSerializer.SerializeToUtf8Bytes(given));
        reader.Read();
        Properties read = EventReader.ReadProperties(ref reader, "/eventData");
        if (!read.TryGet(InputText, out PropertyValue text))
        {
            return read;
        }

        Properties kept = Properties.Of(read.Entries.Where(entry => entry.Key != InputText));
        return kept.TryGet(ComplexityName, out _) || text.Kind != PropertyKind.Text
            ? kept
            : kept.With(Properties.Of([KeyValuePair.Create(ComplexityName, PropertyValue.Of(Complexity.OfText(text.Text)))]));
    }
}
