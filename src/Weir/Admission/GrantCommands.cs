using Weir.Engine;

namespace Weir;

/// <summary>Gives an account extra allowance.</summary>
internal sealed class GiveCommand : LedgerCommand
{
    public required GrantRequest Request { get; init; }

    /// <summary>Stands in the entry.</summary>
    public required string? Actor { get; init; }

    public required AuditActor AuditActor { get; init; }
}

/// <summary>Takes a grant back.</summary>
internal sealed class EndGrantCommand : TargetedCommand
{
    public required string? Actor { get; init; }

    public required AuditActor AuditActor { get; init; }
}
