using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>A committed state.</summary>
/// <param name="ClosesAt">From here on a balance of it belongs to a closed period, which states need not carry.</param>
internal sealed record RememberedAccount(AccountState State, Instant ClosesAt)
{
    public static RememberedAccount Of(AccountState state)
    {
        Instant closesAt = Instant.MaxValue;
        foreach (Balance balance in state.Balances.Values)
        {
            closesAt = Earlier(closesAt, balance);
        }

        return new RememberedAccount(state, closesAt);
    }

    /// <summary>The state after a commit.</summary>
    public static RememberedAccount After(RememberedAccount? before, AccountWrite write)
    {
        if (before is null)
        {
            return Of(write.State);
        }

        Instant closesAt = before.ClosesAt;
        for (int i = 0; i < write.Balances.Count; i++)
        {
            closesAt = Earlier(closesAt, write.State.Balances[write.Balances[i]]);
        }

        return new RememberedAccount(write.State, closesAt);
    }

    /// <summary>The state without the balances of closed periods.</summary>
    public RememberedAccount At(Instant now) => now < ClosesAt
        ? this
        : Of(State with { Balances = State.Balances.RemoveRange(State.Balances.Where(pair => IsClosed(pair.Value, now)).Select(pair => pair.Key)) });

    private static bool IsClosed(Balance balance, Instant now) => new Engine.Period(balance.Key.PeriodStart, balance.PeriodEnd).IsClosedAt(now);

    private static Instant Earlier(Instant closesAt, Balance balance) =>
        balance.PeriodEnd == Instant.MaxValue ? closesAt : Instant.Min(closesAt, balance.PeriodEnd + Engine.Period.Grace);
}
