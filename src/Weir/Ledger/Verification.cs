using System.Collections.Immutable;

using Weir.Engine;

namespace Weir;

/// <summary>A balance that is not the fold of the log.</summary>
/// <param name="Account">The host's key; null for the workspace's own head and for an erased account.</param>
/// <param name="AccountId">The internal id; 0 is the workspace's own head.</param>
/// <param name="Stored">Smallest units; 0 where there is no such balance.</param>
/// <param name="Figure"><c>used</c> or <c>held</c>.</param>
public sealed record BalanceDifference(string? Account, long AccountId, BalanceKey Balance, string Figure, Quantity Stored, Quantity Computed)
{
    public override string ToString() =>
        $"balance of {Account ?? (AccountId == Engine.Account.WorkspaceHead ? "the workspace" : $"account {AccountId}")}: {Figure} {Balance.Meter} per {Balance.Per.Name()}"
        + (Balance.Scope is ScopeKind.Account or ScopeKind.Workspace ? "" : $" of {Balance.Scope} {Balance.ScopeId}")
        + (Balance.Per == Per.Lifetime ? "" : $" from {Balance.PeriodStart}")
        + $": {Stored.Units} is stored, the log says {Computed.Units}";
}

/// <summary>What a grant gave, as its account's state has it, is not what the log says.</summary>
/// <param name="Account">The host's key; null for an erased account.</param>
/// <param name="Grant">The sequence number of the grant's entry.</param>
/// <param name="Figure"><c>drawn</c> or <c>held</c>.</param>
public sealed record GrantDifference(string? Account, long AccountId, long Grant, string Meter, string Figure, Quantity Stored, Quantity Computed)
{
    public override string ToString() =>
        $"grant {Grant} of {Account ?? $"account {AccountId}"}: {Figure} {Meter}: {Stored.Units} is stored, the log says {Computed.Units}";
}

/// <summary>A figure of the summaries that does not follow from the log.</summary>
/// <param name="Figure"><c>events</c>, <c>failed</c>, <c>latencyMs</c>, <c>latencyCount</c>, or <c>amounts.METER</c>.</param>
public sealed record SummaryDifference(string? Account, SummaryKey Cell, string Figure, long Stored, long Computed)
{
    public override string ToString() =>
        $"summary of {Account ?? $"account {Cell.Account}"}: {Figure} of {(Cell.Type.Length == 0 ? "adjustments" : Cell.Type)}"
        + (Cell.Dimension.Length == 0 ? "" : $" with {Cell.Dimension} {Cell.Value}")
        + $" at {Cell.Bucket}: {Stored} is stored, the log says {Computed}";
}

/// <summary>What a verification looked at and what it found.</summary>
/// <param name="Entries">Entries of the log.</param>
/// <param name="Balances">Balances that were compared.</param>
/// <param name="Cells">Cells of the summaries that were compared.</param>
/// <param name="Differences">All that were found, also those beyond <see cref="MostNamed"/>, which are not named.</param>
public sealed record Verification(
    long Entries, long Balances, long Cells, long Differences, ImmutableArray<BalanceDifference> BalanceDifferences, ImmutableArray<SummaryDifference> SummaryDifferences)
{
    /// <summary>The most differences of each kind that are named.</summary>
    public const int MostNamed = 1_000;

    /// <summary>Grants that were compared.</summary>
    public long Grants { get; init; }

    public ImmutableArray<GrantDifference> GrantDifferences { get; init; } = [];

    public bool IsClean => Differences == 0;
}
