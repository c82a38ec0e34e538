using Weir.Engine;

namespace Weir;

/// <summary>Whose personal data go (PRIV-1). It is never stored: its rows would hold what they erase.</summary>
/// <param name="Account">The account's internal id.</param>
/// <param name="Key">The host's key of the account.</param>
/// <param name="User">The one user of the account who is erased; null for the account as a whole.</param>
/// <param name="UserId">That user's random id; 0 when no entry names the user.</param>
public sealed record Erasure(long Account, AccountKey Key, string? User, long UserId);

/// <summary>An erase that was begun: nobody finds the account or the user by name any more, and details of entries are still to go.</summary>
/// <param name="Number">Rises with each erase of a store.</param>
/// <param name="Account">The account's internal id.</param>
/// <param name="User">The user's random id, or null for the whole account.</param>
public sealed record OpenErasure(long Number, long Account, long? User)
{
    /// <summary>Stands for a user whom no entry names. No random id is below zero, and 0 are the entries that name none.</summary>
    public const long NobodyInTheLedger = -1;
}
