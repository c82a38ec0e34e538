using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Runs steps one after the other on the pure engine, and shows each decision.</summary>
internal sealed class AdmissionWorkload
{
    /// <summary>Of the one soft allowance, smallest units.</summary>
    public static readonly Quantity Ceiling = new(40);

    private static readonly Catalog s_catalog = StoryCatalog.Read("""
        events:
          use: { charges: { credits: { per: { property: n }, rounding: nearest } } }
          call: { rate: api, charges: { calls: 1 } }
          both: { rate: api, charges: { credits: { per: { property: n } }, calls: 1 } }
          store: { charges: { storage: { change: { property: n } } } }
          put: { charges: { storage: { set: { property: n } } } }
        plans:
          free:
            price: { monthly: 0 }
            allowances:
              credits: [{ limit: 1000 }, { limit: 300, per: day }, { limit: 200, scope: user }]
              calls: { limit: 20, per: calendar-day, enforcement: soft, ceiling: 40 }
              storage: { limit: 50 }
            rates: { api: { limit: 15, per: 1h } }
          pro:
            price: { monthly: 9 }
            allowances:
              credits: [{ limit: 9000 }, { limit: 3000, per: day }]
              storage: { limit: 500 }
            rates: { api: { limit: 50, per: 1h } }
        workspace: { allowances: { credits: { limit: 12000 }, storage: { limit: 520 } } }
        """);

    private static readonly CatalogBook s_book = new(1, ImmutableDictionary<int, Catalog>.Empty.Add(1, s_catalog));
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

    private readonly AccountState[] _accounts = [NewState(1), NewState(2)];
    private readonly List<Entry>[] _events = [[], []];
    private readonly Dictionary<Entry, List<Entry>> _later = new(ReferenceEqualityComparer.Instance);
    private AccountState _workspace = NewState(Account.WorkspaceHead);
    private Instant _now = s_start;

    public void Run(Step[] steps, Action<Situation, Step, Decision> watch)
    {
        foreach (Step step in steps)
        {
            _now += Duration.FromMinutes((long)step.Minutes) + Clock.Microsecond;
            if (step.Kind == StepKind.Plan)
            {
                AccountChange change = new() { Plan = step.Amount % 2 == 0 ? "free" : "pro" };
                _accounts[step.Account] = _accounts[step.Account] with { Account = AccountRules.Apply(_accounts[step.Account].Account, change, s_book, null, _now, out _)! };
                continue;
            }

            Entry? target = step.Kind is StepKind.Reverse or StepKind.Complete ? Target(step) : null;
            Instant now = _now;
            Situation situation = new(s_book, _accounts[step.Account], _workspace, now, (account, workspace) => Decide(step, target, now, account, workspace));
            if (situation.Decide(situation.Account, situation.Workspace) is not { } decision)
            {
                continue;
            }

            watch(situation, step, decision);
            _accounts[step.Account] = decision.Account;
            _workspace = decision.Workspace;
            if (decision.Entry is { } entry)
            {
                _later[entry] = [];
                (target is null ? _events[step.Account] : _later[target]).Add(entry);
            }
        }
    }

    private static AccountState NewState(long id) => AccountState.Of(new Account
    {
        Id = id,
        CreatedAt = s_start,
        Plan = "free",
        Timeline = Timeline.Starting(Schedule.StartingOn(s_start, DateTimeZone.Utc)),
    });

    /// <summary>An event that is neither reversed nor, for a completion, completed.</summary>
    private Entry? Target(Step step)
    {
        Entry[] open = [.. _events[step.Account].Where(entry =>
            _later[entry].All(later => later.Kind != EntryKind.Reversal && (step.Kind == StepKind.Reverse || later.Kind != EntryKind.Completion))
            && (step.Kind == StepKind.Reverse || entry.Kind == EntryKind.Usage))];
        return open.Length == 0 ? null : open[Math.Abs(step.Amount) % open.Length];
    }

    private Decision? Decide(Step step, Entry? target, Instant now, AccountState account, AccountState workspace)
    {
        switch (step.Kind)
        {
            case StepKind.Reverse:
                return target is null ? null : Corrections.Decide(account, workspace, s_book, new Reverse(target, 1, [.. _later[target]], now, null, null));
            case StepKind.Complete:
                return target is null ? null : Corrections.Decide(account, workspace, s_book,
                    new Complete(target, 1, [.. _later[target]], step.User == 0 ? null : Rate(target.Type!, Math.Abs(step.Amount)), now));
            case StepKind.Adjust:
                return Corrections.Decide(account, workspace, s_book, new Adjust(s_catalog.Meters["credits"], new Quantity(step.Amount * 10L), now, "agreed", "ops"));
            default:
                return Rate(step.Type, step.Amount) is not { } rated ? null : Weir.Engine.Admission.Decide(account, workspace, s_book, new Consume
                {
                    Rated = rated,
                    Mode = step.Kind switch { StepKind.Enforce => ConsumeMode.Enforce, StepKind.BestEffort => ConsumeMode.BestEffort, _ => ConsumeMode.Record },
                    Now = now,
                    Scopes = new Scopes(step.User, 0, 0),
                });
        }
    }

    private static RatedEvent? Rate(string type, int amount) =>
        Rater.Rate(s_catalog, s_catalog.Events[type], Properties.Of([new("n", PropertyValue.Of(amount))]), null, out _);
}
