using System.ComponentModel.DataAnnotations;

namespace Weir;

/// <summary>
/// How long what names people, and what nobody asks for any more, is kept, by kind; null keeps it until it is erased. The server takes
/// them from <c>Weir__Retention__…</c>. How long deliveries are kept says <see cref="WebhookOptions.KeepFor"/>.
/// </summary>
public sealed class RetentionOptions
{
    /// <summary>Senders' ids, users, addresses, user agents, free properties of events, and reasons of corrections, since they were recorded.</summary>
    [Range(typeof(TimeSpan), "30.00:00:00", "36500.00:00:00")]
    public TimeSpan? EventDetails { get; set; }

    /// <summary>Alerts that are over, since they ended.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan? Alerts { get; set; }

    /// <summary>Portal tokens, since they expired.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan? PortalTokens { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Denials that answer repeats (ID-3), since they were decided. Afterwards their ids are free: the same request is decided anew. No
    /// sender repeats a request for so long.
    /// </summary>
    [Range(typeof(TimeSpan), "400.00:00:00", "36500.00:00:00")]
    public TimeSpan? Denials { get; set; }

    /// <summary>
    /// Entries of the ledger with their ids, since they were recorded: whole months of UTC that lie before that time. What they add up to is
    /// carried forward (LOG-3), so balances, grants and summaries stay what they were. Within it a repeat of an id is recognized (ID-3).
    /// </summary>
    [Range(typeof(TimeSpan), "400.00:00:00", "36500.00:00:00")]
    public TimeSpan? Ledger { get; set; }

    /// <summary>The kinds with a bound that go row by row.</summary>
    internal IEnumerable<(RetentionKind Kind, TimeSpan Age)> Bounds()
    {
        (RetentionKind, TimeSpan?)[] kinds =
        [
            (RetentionKind.EventDetails, EventDetails), (RetentionKind.Alerts, Alerts), (RetentionKind.PortalTokens, PortalTokens), (RetentionKind.Denials, Denials),
        ];
        foreach ((RetentionKind kind, TimeSpan? age) in kinds)
        {
            if (age is { } known)
            {
                yield return (kind, known);
            }
        }
    }
}

/// <summary>What retention takes away by its age.</summary>
public enum RetentionKind
{
    EventDetails,
    Alerts,
    PortalTokens,
    Denials,
}
