using System.Security.Claims;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Transcription;

/// <param name="Threshold">In percent, where it is about one.</param>
/// <param name="State"><c>raised</c>, <c>resolved</c> or <c>ended</c> with its period.</param>
internal sealed record AlertView(string Id, string Kind, decimal? Threshold, string Message, DateTimeOffset RaisedAt, string State, bool Acknowledged);

internal sealed record AlertList(IReadOnlyList<AlertView> Items);

/// <summary>The caller's inbox.</summary>
internal static class AlertEndpoints
{
    private const int MostListed = 50;

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/usage/alerts").WithTags("Usage");
        group.MapGet("", ListAsync).Produces<AlertList>();
        group.MapPost("/{id}/acknowledge", AcknowledgeAsync).Produces<AlertView>();
    }

    private static async Task<IResult> ListAsync(ClaimsPrincipal user, AlertService alerts, StoreLifetime lifetime, CancellationToken cancellationToken)
    {
        IReadOnlyList<InboxAlert>? found = await alerts.ListAsync(
            lifetime.Default.Id, new AccountKey(user.Key()), user: null, new AlertFilter { Now = alerts.Now, Limit = MostListed }, cancellationToken);
        return Results.Ok(new AlertList([.. (found ?? []).Select(ViewOf)]));
    }

    private static async Task<IResult> AcknowledgeAsync(string id, ClaimsPrincipal user, AlertService alerts, StoreLifetime lifetime, CancellationToken cancellationToken) =>
        await alerts.AcknowledgeAsync(lifetime.Default.Id, new AccountKey(user.Key()), user: null, id, user.Key(), cancellationToken) is { } alert
            ? Results.Ok(ViewOf(alert))
            : Problem.NotFound($"There is no alert '{id}'.");

    private static AlertView ViewOf(InboxAlert found)
    {
        Alert alert = found.Alert;
        decimal? percent = alert.Threshold is { Basis: AlertBasis.Percent, Value: var value } ? Decimals.Normalize(value) : null;
        return new AlertView(
            alert.Id, alert.Kind.ToString().ToLowerInvariant(), percent, MessageOf(alert, percent), alert.RaisedAt.ToDateTimeOffset(), found.State.ToString().ToLowerInvariant(),
            alert.AcknowledgedAt is not null);
    }

    private static string MessageOf(Alert alert, decimal? percent) => alert.Kind switch
    {
        AlertKind.JobStuck => "A job was not heard of for too long, and its slot is free again.",
        AlertKind.UsageUnusual => "You use much more than in your last weeks.",
        _ when alert.Meter != PlanViews.Credits => $"The use of {alert.Meter} has reached a mark that was set for it.",
        _ when percent >= 100 => "All minutes of the period are used.",
        _ when percent is { } part => $"{part} % of the period's minutes are used.",
        _ => "The use of minutes has reached a mark that was set for it.",
    };
}
