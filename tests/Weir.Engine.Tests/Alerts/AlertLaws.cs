using System.Collections.Immutable;

using FsCheck;
using FsCheck.Fluent;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Laws of the alerts over generated uses and changes of one account.</summary>
public sealed class AlertLaws
{
    private const int Cases = 300;

    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

    private static readonly CatalogBook s_book = new(1, ImmutableDictionary<int, Catalog>.Empty.Add(1, StoryCatalog.Read("""
        plans:
          free:
            allowances:
              credits: [{ limit: 100 }, { limit: 30, per: day }, { limit: 20, scope: user, per: lifetime }]
              storage: { limit: 1000 }
            alerts: [50, 80, 90, 100, 150]
          pro: { allowances: { credits: { limit: 1000 } }, alerts: [80, 95] }
        """)));

    private static Gen<Use[]> Uses { get; } =
        (from kind in Gen.Frequency((8, Gen.Constant(UseKind.Use)), (3, Gen.Constant(UseKind.Store)), (2, Gen.Constant(UseKind.Reverse)), (2, Gen.Constant(UseKind.Override)), (1, Gen.Constant(UseKind.Plan)))
         from amount in Gen.OneOf(Gen.Choose(0, 20), Gen.Choose(0, 2_000), Gen.Choose(-900, 0))
         from user in Gen.Choose(0, 2)
         from minutes in Gen.Frequency((8, Gen.Choose(0, 30)), (2, Gen.Choose(0, 3_000)), (1, Gen.Constant(44_640)))
         select new Use(kind, amount, user, minutes)).ArrayOf(80);

    [Fact(DisplayName = "ALERT-1: each key is raised once and resolved at most once, and what stands is what the state remembers")]
    public void EachKeyOnce() => Law.Holds(
        Uses,
        static uses =>
        {
            AlertBooks books = new();
            Run(uses, (before, decision) => books.Follow(before, decision));
        },
        Cases);

    [Fact(DisplayName = "ALERT-1: after every decision exactly what is reached on the touched balances stands, or stood before in the period")]
    public void NothingIsMissed() => Law.Holds(
        Uses,
        static uses => Run(uses, static (_, decision) =>
        {
            Plan plan = s_book.PlanOf(decision.Account.Account, decision.Account.Account.DecidedAt);
            foreach (EntryLine line in decision.Entry?.Lines ?? [])
            {
                if (line.PeriodEnd > decision.Account.Account.DecidedAt && line.Limit is { } limit)
                {
                    IEnumerable<decimal> reached = plan.Alerts.Where(percent => !line.Used.IsZero && (limit.IsZero ? percent <= 100 : line.Used.Units * 100m >= percent * limit.Units));
                    ImmutableArray<RaisedThreshold> raised = decision.Account.AlertMarks.Find(line.Key)?.Raised ?? [];
                    Assert.Subset(raised.Select(r => r.Threshold.Value).ToHashSet(), reached.ToHashSet());
                }
            }
        }),
        Cases,
        variation: 1);

    [Fact(DisplayName = "ALERT-1: in whatever order and in however many steps an amount is used, the same alerts stand in the end")]
    public void InAnyOrder() => Law.Holds(
        (from amounts in Gen.Choose(0, 3_000).ArrayOf(12) from seed in Gen.Choose(0, 1_000) select (amounts, seed)),
        static given =>
        {
            int[] shuffled = [.. given.amounts];
            new Random(given.seed).Shuffle(shuffled);
            List<HashSet<(BalanceKey, RaisedThreshold)>> raised = [];
            foreach (int[] amounts in (int[][])[given.amounts, shuffled, [given.amounts.Sum()]])
            {
                HashSet<(BalanceKey, RaisedThreshold)> all = [];
                Run([.. amounts.Select(amount => new Use(UseKind.Use, amount, 1, 0))], (_, decision) =>
                {
                    foreach (ThresholdChange change in decision.Alerts.Cast<ThresholdChange>())
                    {
                        Assert.Null(change.Resolution);
                        Assert.True(all.Add((change.Key, change.Threshold)));
                    }
                });
                raised.Add(all);
            }

            Assert.Equal(raised[0], raised[1]);
            Assert.Equal(raised[0], raised[2]);
        },
        Cases,
        variation: 2);

    /// <summary>Records each use beyond any limit, on one account, and watches it.</summary>
    private static void Run(Use[] uses, Action<AccountState, Decision> watch)
    {
        AccountState state = AccountState.Of(new Account { Id = 1, CreatedAt = s_start, Plan = "free", Timeline = Timeline.Starting(Schedule.StartingOn(s_start, DateTimeZone.Utc)) });
        AccountState workspace = AccountState.Of(state.Account with { Id = Account.WorkspaceHead });
        List<Entry> reversible = [];
        Instant now = s_start;
        foreach (Use use in uses)
        {
            now += Duration.FromMinutes((long)use.Minutes) + Clock.Microsecond;
            Decision decision = Decide(use, state, workspace, reversible, now);
            decision = Alerting.Watch(state, decision, s_book, now);
            watch(state, decision);
            state = decision.Account;
            workspace = decision.Workspace;
            if (decision.Entry is { Kind: EntryKind.Usage } entry)
            {
                reversible.Add(entry);
            }
        }
    }

    private static Decision Decide(Use use, AccountState state, AccountState workspace, List<Entry> reversible, Instant now)
    {
        switch (use.Kind)
        {
            case UseKind.Reverse when reversible.Count > 0:
                Entry target = reversible[Math.Abs(use.Amount) % reversible.Count];
                reversible.Remove(target);
                return Corrections.Decide(state, workspace, s_book, new Reverse(target, 1, [], now, null, null));
            case UseKind.Override:
                LimitOverride entry = new("credits", ScopeKind.Account, use.User == 0 ? null : Per.Month, use.Amount < 0 ? null : new Quantity(use.Amount * 10L), null, null);
                AccountChange change = use.User == 2 ? new AccountChange { RemoveOverride = ("credits", ScopeKind.Account, Per.Month) } : new AccountChange { SetOverride = entry };
                return new Decision(state with { Account = AccountRules.Apply(state.Account, change, s_book, null, now, out _)! }, workspace);
            case UseKind.Plan:
                return new Decision(state with { Account = AccountRules.Apply(state.Account, new AccountChange { Plan = use.User == 0 ? "free" : "pro" }, s_book, null, now, out _)! }, workspace);
            default:
                string type = use.Kind == UseKind.Store ? "store" : "use";
                Properties properties = Properties.Of([new("n", PropertyValue.Of(Math.Abs(use.Amount))), new("bytes", PropertyValue.Of(use.Amount))]);
                return Weir.Engine.Admission.Decide(state, workspace, s_book, new Consume
                {
                    Rated = Rater.Rate(s_book.Active, s_book.Active.Events[type], properties, null, out _)!,
                    Mode = ConsumeMode.Record,
                    Now = now,
                    Scopes = new Scopes(use.User, 0, 0),
                });
        }
    }

    private enum UseKind
    {
        Use,
        Store,
        Reverse,
        Override,
        Plan,
    }

    private sealed record Use(UseKind Kind, int Amount, int User, int Minutes);
}
