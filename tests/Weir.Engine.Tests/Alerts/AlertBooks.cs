namespace Weir.Engine.Tests;

/// <summary>
/// Own books of what has been raised. They know only what decisions tell, and hold against it what every alert must keep: it is raised
/// once, and resolved at most once, after it was raised.
/// </summary>
internal sealed class AlertBooks
{
    private readonly Dictionary<(long Account, BalanceKey Key, RaisedThreshold Threshold), bool> _standing = [];

    private readonly Dictionary<long, bool> _jobs = [];

    /// <summary>Follows a decision and gives it back.</summary>
    public Decision Follow(AccountState before, Decision decision)
    {
        if (ReferenceEquals(before, decision.Account))
        {
            Assert.Empty(decision.Alerts);
            return decision;
        }

        foreach (StuckJobChange job in decision.Alerts.OfType<StuckJobChange>())
        {
            Assert.True(job.Resolution is null ? _jobs.TryAdd(job.Number, true) : _jobs[job.Number], $"{job} is told twice.");
            _jobs[job.Number] = job.Resolution is null;
        }

        foreach (ThresholdChange change in decision.Alerts.OfType<ThresholdChange>())
        {
            (long, BalanceKey, RaisedThreshold) alert = (decision.Account.Account.Id, change.Key, change.Threshold);
            Assert.NotEqual(ScopeKind.Workspace, change.Key.Scope);
            if (change.Resolution is null)
            {
                Assert.True(_standing.TryAdd(alert, true), $"{alert} is raised twice.");
                Assert.True(change.PeriodEnd > change.At);
                Assert.True(change.Threshold.Threshold.IsReached(change.Used, change.Held, change.Limit));
            }
            else
            {
                Assert.True(_standing.TryGetValue(alert, out bool stands) && stands, $"{alert} is resolved but does not stand.");
                _standing[alert] = false;
            }
        }

        Agree(decision.Account);
        return decision;
    }

    /// <summary>What a state remembers as raised is what stands.</summary>
    private void Agree(AccountState state)
    {
        foreach (AlertMark mark in state.AlertMarks)
        {
            IEnumerable<RaisedThreshold> standing = _standing.Where(pair => pair.Value && pair.Key.Account == state.Account.Id && pair.Key.Key == mark.Key).Select(pair => pair.Key.Threshold);
            Assert.Equal(standing.ToHashSet(), mark.Raised.ToHashSet());
            Assert.All(mark.Raised, raised => Assert.True(raised.Generation <= mark.Generation));
        }
    }
}
