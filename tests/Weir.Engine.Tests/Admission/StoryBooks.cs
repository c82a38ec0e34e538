using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>
/// The story's own books. They know of a decision only the lines of its entry, and must come to the balances that the engine keeps.
/// </summary>
internal sealed class StoryBooks
{
    private readonly Dictionary<(long Holder, BalanceKey Key), Quantity> _sums = [];

    /// <summary>Follows a decision, from the states before it to the states after it.</summary>
    public void Follow(AccountState accountBefore, AccountState workspaceBefore, Decision decision, Instant now)
    {
        if (decision.Entry is not { } entry)
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
            _sums[key] = _sums.GetValueOrDefault(key) + line.Delta;
            Assert.Equal(_sums[key], line.Used);
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
            Assert.Equal(_sums[(state.Account.Id, balance.Key)], balance.Used);
            Assert.True(balance.Used >= Quantity.Zero);
        }
    }
}
