using System.Collections.Immutable;

using Weir.Engine;

namespace Weir;

/// <summary>What became of a command on the ledger: an entry, a denial, or a failure of the request.</summary>
public sealed record Outcome
{
    /// <summary>The id that stands for it: the sender's, or the one that Weir made.</summary>
    public required string Id { get; init; }

    /// <summary>The entry that it wrote, now or when it was first sent; null for denials and failures.</summary>
    public Entry? Entry { get; init; }

    /// <summary>True when the id had been answered before: this is the same answer again (ID-5).</summary>
    public bool Replayed { get; init; }

    /// <summary>None, the denial's first reason, or the failure's reason.</summary>
    public Refusal Refusal { get; init; }

    public ImmutableArray<Violation> Violations { get; init; } = [];

    public Advice? Advice { get; init; }

    public Failure? Failure { get; init; }

    /// <summary>The account after the command, where it is known.</summary>
    public AccountState? Account { get; init; }

    /// <summary>The reservation that it was about, as it stands now; null when it has ended or there is none.</summary>
    public Hold? Hold { get; init; }

    /// <summary>The event that it was about, where it was about one: as it stood before.</summary>
    public StoredTarget? Target { get; init; }

    public bool Allowed => Refusal == Refusal.None;
}
