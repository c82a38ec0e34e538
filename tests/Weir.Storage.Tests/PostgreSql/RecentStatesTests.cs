using System.Collections.Immutable;
using System.Diagnostics;

using NodaTime;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>What a check is answered from between two looks at the database.</summary>
public sealed class RecentStatesTests : IDisposable
{
    private static readonly RecentStates.Asked s_asked = new(1, Sample.Acme, "u-7", null, null);
    private static readonly RecentState s_state = new(AccountState.Of(Sample.New("acme", 1).Account), AccountState.Of(Sample.New("", 0).Account), default, Sample.Now);

    private readonly PostgreSqlDatabase _database = new();
    private readonly Ticks _ticks = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "A check's state is remembered for less than a second")]
    public void NothingIsRememberedForLong()
    {
        RecentStates recent = Keep();
        _ticks.Elapsed = RecentStates.Longest - TimeSpan.FromTicks(1);
        Assert.Same(s_state, recent.Find(s_asked));
        Assert.Null(recent.Find(s_asked with { User = null }));
        Assert.Null(recent.Find(s_asked with { Workspace = 2 }));
        _ticks.Elapsed = RecentStates.Longest;
        Assert.Null(recent.Find(s_asked));
        Assert.True(RecentStates.Longest < TimeSpan.FromSeconds(1));
    }

    [Fact(DisplayName = "A check's state is forgotten when this process changes the account or the workspace's own head, also while it was being read")]
    public void AChangeIsNotForgotten()
    {
        foreach (Action<RecentStates> change in (Action<RecentStates>[])[r => r.Changed(1, [Sample.Acme], head: false), r => r.Changed(1, [], head: true)])
        {
            RecentStates recent = Keep();
            change(recent);
            Assert.Null(recent.Find(s_asked));

            RecentStates.Mark before = recent.Now(s_asked);
            change(recent);
            recent.Keep(s_asked, s_state, before);
            Assert.Null(recent.Find(s_asked));
            recent.Keep(s_asked, s_state, recent.Now(s_asked));
            Assert.Same(s_state, recent.Find(s_asked));
        }

        RecentStates others = Keep();
        others.Changed(2, [Sample.Acme], head: true);
        Assert.Same(s_state, others.Find(s_asked));
    }

    [Fact(DisplayName = "Accounts that there are not are not remembered, and what is remembered is bounded")]
    public void MemoryIsBounded()
    {
        RecentStates recent = new(_ticks);
        recent.Keep(s_asked, s_state with { Account = null }, recent.Now(s_asked));
        Assert.Null(recent.Find(s_asked));
        for (int i = 0; i <= RecentStates.Most; i++)
        {
            recent.Keep(s_asked with { User = $"u-{i}" }, s_state, recent.Now(s_asked));
        }

        Assert.Null(recent.Find(s_asked with { User = "u-0" }));
        Assert.Same(s_state, recent.Find(s_asked with { User = $"u-{RecentStates.Most}" }));
    }

    [Fact(DisplayName = "CAT-1, BAL-2: a second check reaches no database, sees what its own node has committed, and within a second what others have")]
    public async Task ACheckIsAnsweredFromMemory()
    {
        const string Catalog = """
            name: checks
            defaultPlan: free
            meters: { calls: { unit: call } }
            events: { call: { charges: { calls: 1 } } }
            plans:
              free: { allowances: { calls: [{ limit: 3, per: month }, { limit: 2, per: month, scope: user }] } }
            """;
        using ActivitySource checks = new("checks of " + nameof(RecentStatesTests));
        int statements = 0;
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == checks.Name || source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => statements += activity.Source.Name == "Npgsql" && activity.RootId == Activity.Current?.RootId ? 1 : 0,
        };
        ActivitySource.AddActivityListener(listener);
        await using UsageDesk node = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null), Catalog);
        await using UsageDesk other = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null), Catalog);
        await UseAsync(node, "first");

        Assert.True((await CheckAsync(node)).Outcome.Allowed);
        Assert.True(statements > 0);
        CheckOutcome remembered;
        do
        {
            // On a machine that stands still for a second, once more.
            await CheckAsync(node);
            statements = 0;
            remembered = await CheckAsync(node);
        }
        while (statements > 0);
        Assert.True(remembered.Outcome.Allowed);
        Assert.True(remembered.AsOf <= SystemClock.Instance.GetCurrentInstant());

        await UseAsync(node, "second");
        CheckOutcome after = await CheckAsync(node);
        Assert.Equal(Refusal.LimitExceeded, after.Outcome.Refusal);
        Assert.Equal(ScopeKind.User, Assert.Single(after.Outcome.Violations).Scope);

        await UseAsync(other, "third", user: "u-8");
        while ((await CheckAsync(node)).Outcome.Violations.Length == 1)
        {
            await Task.Delay(50);
        }

        async Task<CheckOutcome> CheckAsync(UsageDesk at)
        {
            using Activity? check = checks.StartActivity("check");
            return await at.Get<AdmissionService>().CheckAsync(at.Workspace, Event(null, "u-7"), ConsumeMode.Enforce, CancellationToken.None);
        }

        static async Task UseAsync(UsageDesk at, string id, string user = "u-7") =>
            Assert.True((await at.Get<AdmissionService>().ConsumeAsync(at.Workspace, Event(id, user), ConsumeMode.Enforce, CancellationToken.None)).Allowed);

        static UsageEvent Event(string? id, string user) => new()
        {
            Id = id is null ? null : new EventId(id),
            Account = Sample.Acme,
            Type = "call",
            Details = new EventDetails { User = user },
        };
    }

    private RecentStates Keep()
    {
        _ticks.Elapsed = TimeSpan.Zero;
        RecentStates recent = new(_ticks);
        recent.Keep(s_asked, s_state, recent.Now(s_asked));
        return recent;
    }

    /// <summary>Timestamps that a test moves.</summary>
    private sealed class Ticks : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
