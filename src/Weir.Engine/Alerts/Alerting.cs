using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// Which alerts a decision raises and resolves (ALERT-1). It looks at an account's state before and after the decision, whatever the
/// decision was, and writes what is raised into the state: so each is raised once, however many decide at a time.
/// </summary>
public static class Alerting
{
    /// <summary>The decision with its alerts, and with them in the account's state. What took no effect stays as it is.</summary>
    /// <param name="before">The account as it was when the decision was made.</param>
    public static Decision Watch(AccountState before, Decision decision, CatalogBook book, Instant now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(decision);
        ArgumentNullException.ThrowIfNull(book);
        AccountState after = decision.Account;
        if (ReferenceEquals(before, after) || decision.Entry?.Flags.HasFlag(EntryFlags.Imported) == true)
        {
            return decision;
        }

        Watcher watcher = new(after, book, now);
        if (LimitsMayDiffer(before, after, decision.Entry, book, now))
        {
            watcher.LookAtAll();
        }
        else
        {
            watcher.LookAt(decision.Entry?.Lines ?? []);
        }

        ImmutableArray<AlertChange> changes = StuckJobs.ChangesOf(before, decision, now).AddRange(watcher.Changes);
        return ReferenceEquals(watcher.Marks, after.AlertMarks) && changes.IsEmpty
            ? decision
            : decision with { Account = after with { AlertMarks = watcher.Marks }, Alerts = changes };
    }

    /// <summary>Whether anything happened that limits follow from. A limit that changes by time alone is seen where the next event touches it.</summary>
    private static bool LimitsMayDiffer(AccountState before, AccountState after, Entry? entry, CatalogBook book, Instant now)
    {
        Account old = before.Account;
        Account account = after.Account;
        return old.SubscriptionAt(old.DecidedAt) != account.SubscriptionAt(now)
            || old.Overrides != account.Overrides
            || !ReferenceEquals(old.AlertRules, account.AlertRules)
            || entry is { Kind: EntryKind.Grant or EntryKind.GrantEnd }
            || (!after.AlertMarks.IsEmpty && after.AlertMarks.CatalogVersion != book.ActiveVersion)
            || EndsSince(account.Overrides, old.DecidedAt, now);
    }

    private static bool EndsSince(ImmutableArray<LimitOverride> overrides, Instant since, Instant now)
    {
        foreach (LimitOverride entry in overrides)
        {
            if (entry.Until is { } until && since < until && until <= now)
            {
                return true;
            }
        }

        return false;
    }

    private sealed class Watcher(AccountState state, CatalogBook book, Instant now)
    {
        private readonly Plan _plan = book.PlanOf(state.Account, now);

        public AlertMarks Marks { get; private set; } = state.AlertMarks.At(now);

        public ImmutableArray<AlertChange> Changes { get; private set; } = [];

        /// <summary>Looks at the balances that an entry moved. None of a period that has ended, and none that all accounts share.</summary>
        public void LookAt(ImmutableArray<EntryLine> lines)
        {
            foreach (EntryLine line in lines)
            {
                if (line.Key.Scope != ScopeKind.Workspace && line.PeriodEnd > now)
                {
                    // An entry may move a balance twice: what counts is how it stands in the end.
                    Balance balance = state.BalanceOf(line.Key, line.PeriodEnd);
                    LookAt(line.Key, line.PeriodEnd, line.Scale, balance.Used, state.HeldOf(balance, now), line.Limit);
                }
            }

            Marks = Marks.SeenUnder(book.ActiveVersion);
        }

        /// <summary>Looks at every balance that runs, with its limit as it is now.</summary>
        public void LookAtAll()
        {
            HashSet<BalanceKey> seen = [];
            foreach (UsageLine line in UsageView.Of(state, book, now))
            {
                BalanceKey key = new(line.Limit.Scope, line.ScopeId, line.Limit.Meter.Key, line.Limit.Per, line.Period.Start);
                seen.Add(key);
                LookAt(key, line.Period.End, line.Limit.Meter.Scale, line.Used, line.Held, line.Limit.Limit);
            }

            // What the plan does not limit any more has no limit.
            foreach (AlertMark mark in Marks)
            {
                if (!seen.Contains(mark.Key))
                {
                    Balance balance = state.BalanceOf(mark.Key, mark.PeriodEnd);
                    int scale = book.Active.Meters.TryGetValue(mark.Key.Meter, out Meter? meter) ? meter.Scale : 0;
                    LookAt(mark.Key, mark.PeriodEnd, scale, balance.Used, state.HeldOf(balance, now), null);
                }
            }

            Marks = Marks.SeenUnder(book.ActiveVersion);
        }

        private void LookAt(BalanceKey key, Instant periodEnd, int scale, Quantity used, Quantity held, Quantity? limit)
        {
            AlertMark? before = Marks.Find(key);
            if (before is null && !AnyReached(key, used, held, limit))
            {
                return;
            }

            AlertMark mark = before ?? new AlertMark(key, periodEnd, 0, limit, []);
            if (mark.Limit is { } known && !(limit <= known))
            {
                // What an amount was raised for has nothing to do with the limit.
                mark = Resolve(mark, AlertResolution.LimitRaised, raised => raised.Threshold.Basis != AlertBasis.Amount) with { Generation = mark.Generation + 1 };
            }

            mark = mark with { Limit = limit };
            List<AlertThreshold> watched = Thresholds(key, limit);
            mark = Resolve(mark, AlertResolution.RuleRemoved, raised => !watched.Contains(raised.Threshold));
            if (key.Per == Per.Lifetime)
            {
                mark = Resolve(mark, AlertResolution.Fell, raised => raised.Threshold.IsLeft(used, held, limit));
            }

            foreach (AlertThreshold threshold in watched)
            {
                if (threshold.IsReached(used, held, limit) && !mark.Raised.Any(raised => raised.Threshold == threshold))
                {
                    RaisedThreshold raised = new(threshold, mark.Generation);
                    mark = mark with { Raised = mark.Raised.Add(raised) };
                    Changes = Changes.Add(new ThresholdChange(key, periodEnd, scale, raised, used, held, limit, now, null));
                }
            }

            if (!mark.Equals(before))
            {
                Marks = mark.IsBlank ? Marks.Remove(key) : Marks.Set(mark);
            }

            // A threshold that is resolved can only come again under another key, so the generation moves on.
            AlertMark Resolve(AlertMark standing, AlertResolution resolution, Func<RaisedThreshold, bool> isOver)
            {
                ImmutableArray<RaisedThreshold> over = [.. standing.Raised.Where(isOver)];
                Changes = Changes.AddRange(over.Select(raised => new ThresholdChange(key, periodEnd, scale, raised, used, held, limit, now, resolution)));
                return over.IsEmpty ? standing : standing with { Generation = standing.Generation + 1, Raised = standing.Raised.RemoveRange(over) };
            }
        }

        /// <summary>The way of nearly every event: nothing is allocated for a balance that is far from its thresholds.</summary>
        private bool AnyReached(BalanceKey key, Quantity used, Quantity held, Quantity? limit)
        {
            AlertRuleSet own = state.Account.AlertRules;
            if (limit is not null && !own.ReplacesPlan && !_plan.Alerts.IsEmpty && new AlertThreshold(AlertBasis.Percent, _plan.Alerts[0]).IsReached(used, held, limit))
            {
                return true;
            }

            foreach (AlertRule rule in own.Rules)
            {
                if (rule.IsAbout(key) && rule.Threshold.IsReached(used, held, limit))
                {
                    return true;
                }
            }

            return false;
        }

        /// <summary>What is watched on a balance, each once.</summary>
        private List<AlertThreshold> Thresholds(BalanceKey key, Quantity? limit)
        {
            List<AlertThreshold> watched = [];
            AlertRuleSet own = state.Account.AlertRules;
            if (limit is not null && !own.ReplacesPlan)
            {
                watched.AddRange(_plan.Alerts.Select(percent => new AlertThreshold(AlertBasis.Percent, percent)));
            }

            foreach (AlertRule rule in own.Rules)
            {
                if (rule.IsAbout(key) && (limit is not null || rule.Threshold.Basis == AlertBasis.Amount) && !watched.Contains(rule.Threshold))
                {
                    watched.Add(rule.Threshold);
                }
            }

            return watched;
        }
    }
}
