using System.Globalization;
using System.Text.Json;

namespace Weir.Client;

public sealed partial class WeirClient
{
    /// <summary>One event of the log; null when there is none of that id.</summary>
    public async Task<LoggedEvent?> FindEventAsync(string id, CancellationToken cancellationToken = default)
    {
        try
        {
            return await GetAsync("events/" + Part(id, nameof(id)), ClientJson.Default.LoggedEvent, cancellationToken);
        }
        catch (WeirProblemException problem) when (problem.Status == System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>One page of the log.</summary>
    /// <param name="cursor">The <c>Next</c> of the page before, with the same filter.</param>
    public Task<Page<LoggedEvent>> ListEventsAsync(EventFilter? filter = null, string? cursor = null, CancellationToken cancellationToken = default)
    {
        EventFilter f = filter ?? new EventFilter();
        string path = WithQuery(
            "events", ("account", f.Account), ("type", f.Type), ("user", f.User), ("campaign", f.Campaign), ("model", f.Model), ("status", f.Status),
            ("from", Time(f.From)), ("to", Time(f.To)), ("order", f.OldestFirst ? "asc" : null), ("limit", f.Limit?.ToString(CultureInfo.InvariantCulture)), ("cursor", cursor));
        return GetAsync(path, ClientJson.Default.PageLoggedEvent, cancellationToken);
    }

    /// <summary>Takes an event back, once. To repeat it is safe.</summary>
    /// <exception cref="WeirProblemException"><c>event_not_found</c>, <c>period_closed</c>, <c>not_reversible</c>.</exception>
    public Task<Correction> ReverseAsync(string id, string? reason = null, CancellationToken cancellationToken = default) =>
        PostAsync($"events/{Part(id, nameof(id))}/reverse", new ReverseBody(reason), ClientJson.Bodies.ReverseBody, ClientJson.Default.Correction, cancellationToken);

    /// <summary>Corrects a meter of an account. A negative amount is at most what is used.</summary>
    /// <param name="amount">In the meter's unit.</param>
    /// <param name="actor">Who corrects; the key where it is null.</param>
    /// <param name="id">What makes a repeat a repeat; the client makes one when it is null.</param>
    public Task<Correction> AdjustAsync(
        string account, string meter, decimal amount, string reason, string? actor = null, string? id = null, CancellationToken cancellationToken = default) =>
        PostAsync(
            $"accounts/{Part(account, nameof(account))}/adjustments", new AdjustBody(id ?? NewId(), meter, amount, reason, actor), ClientJson.Bodies.AdjustBody,
            ClientJson.Default.Correction, cancellationToken);
}
