using System.Collections.Immutable;

using FsCheck;
using FsCheck.Fluent;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>A denied request takes nothing, whichever of several limits denied it and whatever the others would have allowed.</summary>
public sealed class DenialLaws
{
    private const int Cases = 600;
    private const int Demands = 40;

    private static Gen<(GeneratedLimits Limits, Demand[] Demands)> All { get; } =
        from limits in GeneratedLimits.Any
        from demands in Demand.Any.ArrayOf(Demands)
        select (limits, demands);

    [Fact(DisplayName = "BAL-2, RATE-1, SLOT-1: a request that one of two to five limits denied took nothing of any limit, rate or slot, and without it all comes out the same")]
    public void NothingTaken()
    {
        HashSet<(DemandKind, Refusal)> seen = [];
        int together = 0;
        Law.Holds(
            All,
            run =>
            {
                Run whole = new(run.Limits.Catalog);
                foreach (Demand demand in run.Demands)
                {
                    string before = whole.Dump();
                    Decision? decision = whole.Do(demand, whole.Now + Duration.FromSeconds(demand.Seconds) + Clock.Microsecond);
                    if (decision is { Refusal: var refusal and not Refusal.None })
                    {
                        Assert.Null(decision.Entry);
                        Assert.Equal(before, whole.Dump());
                        seen.Add((demand.Kind, refusal));
                        together += decision.Violations.Length > 1 ? 1 : 0;
                    }
                }

                // The same without those that were denied, at the same times.
                Run without = new(run.Limits.Catalog);
                foreach ((Demand demand, Instant at) in whole.Taken)
                {
                    Assert.NotNull(without.Do(demand, at)?.Entry);
                }

                Assert.Equal(whole.Dump(), without.Dump());
            },
            Cases);

        // The law says something only where there was something to deny.
        Assert.Superset(
            new HashSet<(DemandKind, Refusal)>(
                from kind in new[] { DemandKind.Consume, DemandKind.BestEffort, DemandKind.Check, DemandKind.Reserve }
                from refusal in new[] { Refusal.RequestLimitExceeded, Refusal.LevelBelowZero, Refusal.LimitExceeded, Refusal.RateLimited }
                select (kind, refusal))
            {
                (DemandKind.Reserve, Refusal.NoSlot), (DemandKind.Grow, Refusal.LimitExceeded), (DemandKind.Grow, Refusal.RequestLimitExceeded),
            },
            seen);
        Assert.True(together > Cases / 2, $"Only {together} requests met more than one limit.");
    }

    /// <summary>Demands one after the other on the pure engine.</summary>
    private sealed class Run
    {
        private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

        private readonly Catalog _catalog;
        private readonly CatalogBook _book;
        private readonly EventType _type;
        private readonly AccountState[] _accounts = [NewState(1), NewState(2)];
        private readonly List<(int Account, long Number, Entry Original, ImmutableArray<Entry> Later)> _open = [];
        private AccountState _workspace = NewState(Account.WorkspaceHead);
        private long _next = 1;

        public Run(string catalog)
        {
            CatalogResult read = CatalogText.Read(catalog, CatalogFormat.Yaml);
            Assert.True(read.IsValid, string.Join('\n', read.Errors) + "\n" + catalog);
            _catalog = read.Catalog!;
            _book = new CatalogBook(1, ImmutableDictionary<int, Catalog>.Empty.Add(1, _catalog));
            _type = _catalog.Events["go"];
        }

        public Instant Now { get; private set; } = s_start;

        /// <summary>What took effect, and when.</summary>
        public List<(Demand Demand, Instant At)> Taken { get; } = [];

        /// <returns>Null when there is nothing to be done.</returns>
        public Decision? Do(Demand demand, Instant now)
        {
            Now = now;
            if (Decide(demand) is not { } decision || demand.Kind == DemandKind.Check)
            {
                return Decide(demand);
            }

            _accounts[demand.Account] = decision.Account;
            _workspace = decision.Workspace;
            if (decision.Entry is { } entry)
            {
                Taken.Add((demand, Now));
                Keep(demand, entry);
            }

            return decision;
        }

        public string Dump() => string.Join('\n', _accounts.Append(_workspace).Select(StateText.Of));

        private static AccountState NewState(long id) => AccountState.Of(new Account
        {
            Id = id,
            CreatedAt = s_start,
            Plan = "tight",
            Timeline = Timeline.Starting(Schedule.StartingOn(s_start, DateTimeZone.Utc)),
        });

        private Decision? Decide(Demand demand)
        {
            AccountState account = _accounts[demand.Account];
            RatedEvent rated = Rater.Rate(_catalog, _type, demand.Properties, null, out _)!;
            Consume wish = new()
            {
                Rated = rated,
                Mode = demand.Kind switch { DemandKind.BestEffort => ConsumeMode.BestEffort, DemandKind.Record => ConsumeMode.Record, _ => ConsumeMode.Enforce },
                Now = Now,
                Scopes = new Scopes(demand.User, demand.Campaign, 0),
                TakesSlot = demand.Kind == DemandKind.Reserve,
            };
            switch (demand.Kind)
            {
                case DemandKind.Reserve:
                    return Reservations.Decide(account, _workspace, _book, new Reserve(wish, _next, Duration.FromSeconds(1 + (demand.Pick * 4)), $"lease-{_next}"));
                case DemandKind.Give:
                    GrantTerms terms = new() { Meter = "credits", Scale = 2, Amount = new Quantity(demand.N * 50), Start = Now, End = Now + Duration.FromMinutes(1 + demand.Pick), BeforePlan = demand.M > 2 };
                    return demand.N == 0 ? null : Granting.Decide(account, _workspace, _book, new Give(terms, _next, Now, null, null));
                case DemandKind.Grow or DemandKind.Commit or DemandKind.Release:
                    if (Target(demand) is not { } index)
                    {
                        return null;
                    }

                    (_, long number, Entry original, ImmutableArray<Entry> later) = _open[index];
                    return demand.Kind switch
                    {
                        DemandKind.Grow => Reservations.Decide(account, _workspace, _book, new Grow(original, number, later, rated, null, Now)),
                        DemandKind.Commit => Reservations.Decide(
                            account, _workspace, _book, new Commit(original, number, later, rated, _type, demand.User == 0 ? Overrun.Consume : Overrun.Reject, LateCommit.Record, null, Now)),
                        _ => Reservations.Decide(account, _workspace, _book, new Release(original, number, later, null, Now, null)),
                    };
                default:
                    return Weir.Engine.Admission.Decide(account, _workspace, _book, wish);
            }
        }

        private void Keep(Demand demand, Entry entry)
        {
            if (demand.Kind == DemandKind.Reserve)
            {
                _open.Add((demand.Account, _next, entry, []));
            }
            else if (demand.Kind == DemandKind.Grow && Target(demand) is { } grown)
            {
                _open[grown] = _open[grown] with { Later = _open[grown].Later.Add(entry) };
            }
            else if (demand.Kind is DemandKind.Commit or DemandKind.Release)
            {
                _open.RemoveAll(open => open.Number == entry.Target);
            }

            _next++;
        }

        /// <summary>One of the account's reservations that are live.</summary>
        private int? Target(Demand demand)
        {
            int[] live = [.. Enumerable.Range(0, _open.Count).Where(i => _open[i].Account == demand.Account && _accounts[demand.Account].Holds.Find(_open[i].Number)?.IsLiveAt(Now) == true)];
            return live.Length == 0 ? null : live[demand.Pick % live.Length];
        }
    }
}
