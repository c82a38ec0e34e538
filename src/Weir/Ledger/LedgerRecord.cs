using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// What a sender says about an event beside what is charged. Source, provider, model, endpoint, status and latency stand in the ledger;
/// everything else is kept in rows that an erase deletes (PRIV-1).
/// </summary>
public sealed record EventDetails
{
    public static readonly EventDetails Empty = new();

    /// <summary>The sender's id; null after an erase, and for entries that are identified by their target.</summary>
    public string? Id { get; init; }

    public string? User { get; init; }

    public string? Campaign { get; init; }

    /// <summary>The gateway key's name inside the account.</summary>
    public string? Key { get; init; }

    /// <summary>Where it came from: <c>web</c>, <c>api</c>, <c>mobile</c>, ….</summary>
    public string? Source { get; init; }

    public string? Resource { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    public string? Endpoint { get; init; }

    public string? RequestId { get; init; }

    /// <summary>An HTTP status, or a word such as <c>success</c>, <c>error</c>, <c>rate_limited</c>.</summary>
    public string? Status { get; init; }

    public long? LatencyMs { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    /// <summary>The properties that the catalog does not name.</summary>
    public Properties FreeProperties { get; init; } = Properties.Empty;

    /// <summary>What an erase leaves: that which stands in the ledger itself.</summary>
    public EventDetails WithoutPersonalData() => new() { Source = Source, Provider = Provider, Model = Model, Endpoint = Endpoint, Status = Status, LatencyMs = LatencyMs };

    /// <summary>What an erase of its user leaves: beside the ledger, the names that belong to the whole account.</summary>
    public EventDetails WithoutUser() => WithoutPersonalData() with { Campaign = Campaign, Key = Key };
}

/// <summary>An entry as it stands in the ledger.</summary>
/// <param name="Fingerprint">The digest of the request that it is the effect of; default where it was not read.</param>
public sealed record StoredEntry(long Sequence, Entry Entry, EventDetails Details, Digest Fingerprint = default);

/// <summary>An entry with the completion and the reversal that are about it, in the order of the ledger.</summary>
public sealed record EntryHistory(StoredEntry Entry, IReadOnlyList<StoredEntry> Later);

/// <summary>An event as the log shows it: with its account, and with what came after it.</summary>
/// <param name="Account">The host's key; null when the account has been erased.</param>
/// <param name="Completion">How the call ended, where it was admitted before it ran; for a reservation its commit, release or expiry.</param>
/// <param name="ReversedAt">When it was taken back, or null.</param>
public sealed record LedgerRecord(
    AccountKey? Account, long Sequence, Entry Entry, EventDetails Details, StoredEntry? Completion, Instant? ReversedAt);

/// <summary>Which rows of the log to read. Times are those at which events happened, half-open.</summary>
public sealed record LedgerFilter
{
    public const int LargestLimit = 1000;

    public AccountKey? Account { get; init; }

    public string? Type { get; init; }

    public string? User { get; init; }

    public string? Campaign { get; init; }

    public string? Model { get; init; }

    public string? Status { get; init; }

    public Instant? From { get; init; }

    public Instant? To { get; init; }

    /// <summary>Oldest first, to follow; newest first otherwise.</summary>
    public bool Ascending { get; init; }

    /// <summary>Rows after this sequence number in the chosen order.</summary>
    public long? Cursor { get; init; }

    /// <summary>1–1,000.</summary>
    public int Limit { get; init; } = 100;
}
