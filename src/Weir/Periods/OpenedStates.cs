using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Accounts as their next command will find them: with the periods open that nothing was decided in yet (GRANT-3). Looking at them opens
/// nothing in the ledger.
/// </summary>
internal static class OpenedStates
{
    public static async ValueTask<AccountState> ReadAsync(
        IWeirStore store, WorkspaceId workspace, AccountKey account, AccountState state, CatalogBook book, Instant now, CancellationToken cancellationToken)
    {
        foreach (BalanceKey key in Opening.KeysOf(state, book, now))
        {
            // The period before may be closed, and its balance no longer part of the state.
            if (!state.Balances.ContainsKey(key))
            {
                IReadOnlyList<Balance> stored = await store.Ledger.ReadHistoryAsync(workspace, account, key.Meter, key.Per, key.PeriodStart, key.PeriodStart + Clock.Microsecond, cancellationToken);
                foreach (Balance balance in stored.Where(balance => balance.Key == key))
                {
                    state = state with { Balances = state.Balances.SetItem(key, balance) };
                }
            }
        }

        // Numbers that no entry will ever have.
        return Opening.Of(state, state, book, now, long.MinValue).Account;
    }
}
