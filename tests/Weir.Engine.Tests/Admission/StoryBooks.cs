using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>
/// The story's own books. They know of a decision only the lines of its entry, and must come to the balances that the engine keeps.
/// </summary>
internal sealed class StoryBooks
{
    private readonly Dictionary<(long Holder, BalanceKey Key), (Quantity Used, Quantity Held)> _sums = [];

    /// <summary>Follows a decision, from the states before it to the states after it.</summary>
    public void Follow(AccountState accountBefore, AccountState workspaceBefore, Decision decision, Instant now)
    {
        if (decision.Entry is not { } entry && decision.Refusal == Refusal.None)
        {
            // A reservation was extended: nothing moved.
            Assert.Equal(accountBefore.Balances, decision.Account.Balances);
            return;
        }

        entry = decision.Entry;
        if (entry is null)
        {
            Assert.NotEqual(Refusal.None, decision.Refusal);
            Assert.Equal(decision.Refusal.IsDenial(), decision.Failure is null);
            Assert.Equal(decision.Refusal.IsDenial(), !decision.Violations.IsEmpty);
            Assert.Same(accountBefore, decision.Account);
            Assert.Same(workspaceBefore, decision.Workspace);
            return;
        }

        Assert.Equal(Refusal.None, decision.Refusal);
        Assert.Equal(now, entry.RecordedAt);
        Assert.Equal((accountBefore.Account.Version + 1, now), (decision.Account.Account.Version, decision.Account.Account.DecidedAt));
        bool shared = !ReferenceEquals(workspaceBefore, decision.Workspace);
        Assert.Equal(workspaceBefore.Account.Version + (shared ? 1 : 0), decision.Workspace.Account.Version);
        foreach (EntryLine line in entry.Lines)
        {
            AccountState holder = line.Key.Scope == ScopeKind.Workspace ? decision.Workspace : decision.Account;
            (long, BalanceKey) key = (holder.Account.Id, line.Key);
            (Quantity used, Quantity held) = _sums.GetValueOrDefault(key);
            _sums[key] = (used + line.Delta, held + line.HeldDelta);
            Assert.Equal(_sums[key].Used, line.Used);
            Assert.Equal(_sums[key].Held, holder.Balances[line.Key].Held);
            Assert.Equal(holder.Holds.LiveAt(now).Aggregate(Quantity.Zero, (sum, hold) => sum + hold.AmountOf(line.Key)), line.Held);
            Assert.Equal(line.PeriodEnd, holder.Balances[line.Key].PeriodEnd);
        }

        Agree(decision.Account);
        Agree(decision.Workspace);
    }

    /// <summary>LOG-3: every balance is the sum of the lines that named it, and none is below zero.</summary>
    public void Agree(AccountState state)
    {
        foreach (Balance balance in state.Balances.Values)
        {
            Assert.Equal(_sums[(state.Account.Id, balance.Key)], (balance.Used, balance.Held));
            Assert.True(balance.Used >= Quantity.Zero && balance.Held >= Quantity.Zero);
            Assert.Equal(state.Holds.Aggregate(Quantity.Zero, (sum, hold) => sum + hold.AmountOf(balance.Key)), balance.Held);
        }
    }
}
