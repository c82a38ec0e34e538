using System.Collections.Immutable;

using Microsoft.Extensions.Logging.Abstractions;

using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>Jobs that hold what they will use, many at once, whatever the store.</summary>
public abstract partial class ReservationTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 10, 12, 0);

    private const string Catalog = """
        name: jobs
        defaultPlan: free
        meters:
          units: { unit: unit }
          spare: { unit: unit }
        events:
          job:   { charges: { units: { per: { property: n } } } }
          slot:  { slot: render, charges: { units: { per: { property: n } } } }
          both:  { slot: render, rate: api, charges: { units: { per: { property: n } }, spare: { per: { property: m } } } }
        plans:
          free:
            allowances: { units: { limit: 100 }, spare: { limit: 50 } }
            slots: { render: 3 }
            rates: { api: { limit: 1000, per: 1h } }
          big: { allowances: { units: { limit: 1000000 } }, slots: { render: 1000 } }
        workspace:
          allowances: { units: { limit: 100000000, per: calendar-day } }
          slots: { render: 900 }
        """;

    [Fact(DisplayName = "RES-1: N parallel reserves of size s against limit L admit exactly ⌊L/s⌋, 100 rounds")]
    public async Task ParallelReservesAdmitExactly()
    {
        await using UsageDesk desk = await OpenAsync();
        for (int round = 0; round < 100; round++)
        {
            int size = 1 + (round % 13);
            Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => ReserveAsync(desk, $"{round}-{i}", "job", size, account: "a" + round)));
            Assert.Equal(Math.Min(120, 100 / size), outcomes.Count(outcome => outcome.Allowed));
            Assert.All(outcomes.Where(outcome => !outcome.Allowed), outcome => Assert.Equal(Refusal.LimitExceeded, outcome.Refusal));
        }

        await VerifyAsync(desk);
    }

    /// <summary>How many reservations race to their ends, each by five ways.</summary>
    private protected virtual int Racing => 2_500;

    [Fact(DisplayName = "RES-1: 10,000 racing commits, releases and expiries end each reservation once, and the books agree")]
    public async Task RacesEndOnce()
    {
        int jobs = Racing;
        await using UsageDesk desk = await OpenAsync();
        await desk.Get<AccountService>().ChangeAsync(desk.Workspace, new AccountKey("acme"), new AccountChange { Plan = "big" }, null, true, AuditActor.Host, CancellationToken.None);
        Outcome[] held = await Task.WhenAll(Enumerable.Range(0, jobs).Select(i => ReserveAsync(desk, $"j{i}", "job", 10, ttl: Duration.FromSeconds(1 + (i % 2)))));
        Assert.All(held, outcome => Assert.True(outcome.Allowed));
        desk.Clock.Advance(Duration.FromSeconds(1));
        ReservationService reservations = desk.Get<ReservationService>();
        List<Task<Outcome>> racing = [];
        Random random = new(7);
        foreach (int i in Enumerable.Range(0, jobs * 5).OrderBy(_ => random.Next()))
        {
            if (racing.Count == jobs * 5 / 2)
            {
                // In the middle of it those that nobody has extended or ended expire, once half of the rest has been decided.
                await Task.WhenAll(racing.Take(racing.Count / 2));
                desk.Clock.Advance(Duration.FromSeconds(1));
            }

            EventId id = new($"j{i % jobs}");
            racing.Add((i / jobs) switch
            {
                0 => reservations.CommitAsync(desk.Workspace, id, new ReservationEnd { Properties = Number(7) }, CancellationToken.None),
                1 => reservations.CommitAsync(desk.Workspace, id, new ReservationEnd(), CancellationToken.None),
                2 => reservations.ReleaseAsync(desk.Workspace, id, null, "given up", CancellationToken.None),
                3 => reservations.ExtendAsync(desk.Workspace, id, Duration.FromSeconds(60), null, null, CancellationToken.None),
                _ => desk.Get<ReservationSweeper>().SweepAsync(CancellationToken.None).ContinueWith(_ => held[0], TaskScheduler.Default),
            });
        }

        await Task.WhenAll(racing);
        Dictionary<long, List<Entry>> ends = [];
        long used = 0;
        long sequence = 0;
        while (await desk.Store.Ledger.FollowAsync(desk.Workspace, sequence, 1000, CancellationToken.None) is { Count: > 0 } page)
        {
            foreach (StoredEntry entry in page.Where(entry => entry.Entry.Target is not null))
            {
                ends.TryAdd(entry.Entry.Target!.Value, []);
                ends[entry.Entry.Target.Value].Add(entry.Entry);
                used += entry.Entry.Lines.Where(line => line.Key is { Meter: "units", Scope: ScopeKind.Account }).Sum(line => line.Delta.Units);
            }

            sequence = page[^1].Sequence;
        }

        foreach (List<Entry> ended in ends.Values)
        {
            EntryKind[] kinds = [.. ended.Select(entry => entry.Kind)];
            Assert.True(
                kinds is [EntryKind.Commit] or [EntryKind.Release] or [EntryKind.Expiry] || (kinds is [EntryKind.Expiry, EntryKind.Commit] && ended[1].Flags.HasFlag(EntryFlags.AfterExpiry)),
                string.Join(", ", ended.Select(entry => $"{entry.Kind} {entry.Flags}")));
        }

        Assert.Equal([EntryKind.Commit, EntryKind.Release, EntryKind.Expiry], ends.Values.Select(ended => ended[0].Kind).Distinct().Order());
        Assert.Equal(jobs, ends.Count);
        AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, new AccountKey("acme"), CancellationToken.None))!;
        Balance units = state.Balances.Values.Single(balance => balance.Key.Meter == "units");
        Assert.Equal((used, 0L), (units.Used.Units, units.Held.Units));
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "RES-1: what has expired is free without a sweeper, and the books agree before and after it comes")]
    public async Task ExpiresWithoutSweeper()
    {
        await using UsageDesk desk = await OpenAsync();
        Assert.True((await ReserveAsync(desk, "j", "job", 100, ttl: Duration.FromSeconds(2))).Allowed);
        Assert.False((await ReserveAsync(desk, "k", "job", 1)).Allowed);
        desk.Clock.Advance(Duration.FromSeconds(2));
        await VerifyAsync(desk);
        Assert.True((await ReserveAsync(desk, "l", "job", 100)).Allowed);
        ReservationView expired = (await desk.Get<ReservationService>().FindAsync(desk.Workspace, new EventId("j"), CancellationToken.None))!;
        Assert.Equal(ReservationState.Expired, expired.State);
        await desk.Get<ReservationSweeper>().SweepAsync(CancellationToken.None);
        await VerifyAsync(desk);
        AccountState state = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, new AccountKey("acme"), CancellationToken.None))!;
        Assert.Equal(1, state.Holds.Count);
        (long number, EntryHistory history) = Assert.Single(await desk.Store.Ledger.ReadEntriesAsync(desk.Workspace, [expired.Record.Sequence], CancellationToken.None));
        Assert.Equal(expired.Record.Sequence, number);
        Assert.Equal(EntryKind.Expiry, Assert.Single(history.Later).Entry.Kind);
    }

    [Fact(DisplayName = "RES-2: the same end again gets the same answer, another is a conflict with the state")]
    public async Task EndsAreReplayed()
    {
        await using UsageDesk desk = await OpenAsync();
        ReservationService reservations = desk.Get<ReservationService>();
        Outcome first = await ReserveAsync(desk, "j", "job", 60);
        Outcome again = await ReserveAsync(desk, "j", "job", 60);
        Assert.True(again.Replayed);
        Assert.Equal(first.Entry!.Reservation, again.Entry!.Reservation);
        Assert.Equal(Refusal.IdReused, (await ReserveAsync(desk, "j", "job", 61)).Refusal);

        ReservationEnd end = new() { Properties = Number(50) };
        Outcome committed = await reservations.CommitAsync(desk.Workspace, new EventId("j"), end, CancellationToken.None);
        Assert.True(committed is { Allowed: true, Replayed: false });
        Outcome repeated = await reservations.CommitAsync(desk.Workspace, new EventId("j"), end, CancellationToken.None);
        Assert.True(repeated is { Allowed: true, Replayed: true });
        Assert.Equal(committed.Entry!.Lines[0].Used, repeated.Entry!.Lines[0].Used);
        Outcome other = await reservations.CommitAsync(desk.Workspace, new EventId("j"), new ReservationEnd { Properties = Number(51) }, CancellationToken.None);
        Assert.Equal((Refusal.ReservationEnded, ReservationState.Committed), (other.Refusal, other.Failure!.State));
        Assert.Equal(Refusal.ReservationNotFound, (await reservations.ReleaseAsync(desk.Workspace, new EventId("nobody"), null, null, CancellationToken.None)).Refusal);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "RES-3: a commit after the reservation's period has closed is carried, and what was held there returns there")]
    public async Task CarriedCommit()
    {
        await using UsageDesk desk = await OpenAsync();
        await desk.Get<AccountService>().ChangeAsync(
            desk.Workspace, new AccountKey("acme"), new AccountChange { Anchor = new LocalDateTime(2026, 3, 11, 0, 0) }, null, true, AuditActor.Host, CancellationToken.None);
        Assert.True((await ReserveAsync(desk, "j", "job", 60, ttl: Duration.FromDays(7))).Allowed);
        Assert.True((await ReserveAsync(desk, "k", "job", 40, ttl: Duration.FromDays(7))).Allowed);
        desk.Clock.Advance(Duration.FromDays(5));
        // Another account makes the store forget nothing, and the closed balance has left the state by now.
        Assert.True((await ReserveAsync(desk, "x", "job", 1)).Allowed);
        Outcome carried = await desk.Get<ReservationService>().CommitAsync(desk.Workspace, new EventId("j"), new ReservationEnd(), CancellationToken.None);
        Assert.True(carried.Allowed, carried.Failure?.Message);
        Assert.True(carried.Entry!.Flags.HasFlag(EntryFlags.Carried));
        Assert.True((await desk.Get<ReservationService>().ReleaseAsync(desk.Workspace, new EventId("k"), null, null, CancellationToken.None)).Allowed);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "SLOT-1: 64 jobs at once never run in more slots than there are")]
    public async Task SlotsAreExact()
    {
        await using UsageDesk desk = await OpenAsync();
        for (int round = 0; round < 20; round++)
        {
            Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => ReserveAsync(desk, $"{round}-{i}", "slot", 1, account: "a" + round)));
            SlotLease[] leases = [.. outcomes.Where(outcome => outcome.Allowed).Select(outcome => outcome.Entry!.Reservation!.Slot!)];
            Assert.Equal([1L, 2L, 3L], leases.Select(lease => lease.Fence).Order());
            Assert.Equal(3, leases.DistinctBy(lease => lease.Lease).Count());
        }
    }

    [Fact(DisplayName = "TX-3, SLOT-1: a shared slot that one account gave back is taken by another later by the times too")]
    public async Task SharedSlotsFollowTimes()
    {
        await using UsageDesk desk = await OpenAsync();
        ReservationService reservations = desk.Get<ReservationService>();
        Assert.True((await ReserveAsync(desk, "j", "slot", 1, account: "first")).Allowed);
        // The clock stands still, so each decision about the account is stamped a microsecond later than the one before.
        for (int i = 0; i < 5; i++)
        {
            Assert.True((await reservations.ExtendAsync(desk.Workspace, new EventId("j"), Duration.FromSeconds(60), null, null, CancellationToken.None)).Allowed);
        }

        Entry given = (await reservations.ReleaseAsync(desk.Workspace, new EventId("j"), null, null, CancellationToken.None)).Entry!;
        Entry taken = (await ReserveAsync(desk, "k", "slot", 1, account: "second")).Entry!;
        Assert.True(taken.At >= given.RecordedAt, $"Taken {given.RecordedAt - taken.At} before it was given back.");
    }

    [Fact(DisplayName = "RES-1: a process that does not sweep leaves what has expired to others, and it is free all the same")]
    public async Task DoesNotSweep()
    {
        await using UsageDesk desk = await OpenAsync();
        using ReservationSweeper off = new(desk.Store, desk.Get<ReservationService>(), new WeirOptions { Sweeping = false }, desk.Clock, NullLogger<ReservationSweeper>.Instance);
        await off.StartAsync(CancellationToken.None);
        await off.ExecuteTask!;
        using ReservationSweeper on = new(desk.Store, desk.Get<ReservationService>(), new WeirOptions(), desk.Clock, NullLogger<ReservationSweeper>.Instance);
        await on.StartAsync(CancellationToken.None);
        Assert.False(on.ExecuteTask!.IsCompleted);
        await on.StopAsync(CancellationToken.None);
    }

    [Fact(DisplayName = "TX-3, RES-1: a clock that steps back, as after a failover, brings no reservation back that a decision has found expired")]
    public async Task TheClockStepsBack()
    {
        await using UsageDesk desk = await OpenAsync();
        ReservationService reservations = desk.Get<ReservationService>();
        Assert.True((await ReserveAsync(desk, "a", "slot", 60, ttl: Duration.FromSeconds(60))).Allowed);
        Assert.Equal(Refusal.LimitExceeded, (await ReserveAsync(desk, "b", "slot", 60)).Refusal);
        desk.Clock.Advance(Duration.FromSeconds(61));
        Outcome taken = await ReserveAsync(desk, "c", "slot", 60, ttl: Duration.FromSeconds(600));
        Assert.True(taken.Allowed);
        desk.Clock.Advance(Duration.FromSeconds(-600));
        Assert.Equal(Refusal.ReservationEnded, (await reservations.ExtendAsync(desk.Workspace, new EventId("a"), Duration.FromSeconds(60), null, null, CancellationToken.None)).Failure?.Refusal);
        Assert.Equal(Refusal.LimitExceeded, (await ReserveAsync(desk, "d", "slot", 60)).Refusal);
        Outcome late = await reservations.CommitAsync(desk.Workspace, new EventId("a"), new ReservationEnd(), CancellationToken.None);
        Assert.True(late.Entry!.Flags.HasFlag(EntryFlags.AfterExpiry));
        Assert.True(late.Entry.RecordedAt > taken.Entry!.RecordedAt);
        Outcome next = await ReserveAsync(desk, "e", "slot", 1, account: "beta");
        Assert.True(next.Allowed);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "RATE-1: a denied request takes nothing of any other limit, rate or slot")]
    public async Task DeniedTakesNothing()
    {
        await using UsageDesk desk = await OpenAsync();
        Random random = new(11);
        for (int i = 0; i < 300; i++)
        {
            AccountState? before = await desk.Store.Ledger.ReadStateAsync(desk.Workspace, new AccountKey("acme"), CancellationToken.None);
            AccountState shared = await desk.Store.Ledger.ReadWorkspaceStateAsync(desk.Workspace, CancellationToken.None);
            Outcome outcome = await ReserveAsync(desk, $"d{i}", "both", random.Next(0, 40), more: random.Next(0, 30));
            if (!outcome.Allowed && before is not null)
            {
                AccountState after = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, new AccountKey("acme"), CancellationToken.None))!;
                AccountState sharedAfter = await desk.Store.Ledger.ReadWorkspaceStateAsync(desk.Workspace, CancellationToken.None);
                Same.State(before, after);
                Same.State(shared, sharedAfter);
            }
            else if (random.Next(3) != 0)
            {
                await desk.Get<ReservationService>().ReleaseAsync(desk.Workspace, new EventId($"d{i}"), null, null, CancellationToken.None);
            }

            desk.Clock.Advance(Duration.FromSeconds(random.Next(0, 120)));
        }

        await VerifyAsync(desk);
    }

    private protected abstract IWeirStore NewStore(TimeProvider time);

    private Task<UsageDesk> OpenAsync() => UsageDesk.OpenAsync(s_now, NewStore, Catalog);

    private static async Task VerifyAsync(UsageDesk desk)
    {
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(verification.IsClean, string.Join('\n', verification.BalanceDifferences.Select(d => d.ToString()).Concat(verification.SummaryDifferences.Select(d => d.ToString()))));
    }

    private static async Task<IReadOnlyList<SlotWaiter>> WaitingAsync(UsageDesk desk) =>
        await desk.Get<ReservationService>().ReadWaitingAsync(desk.Workspace, new WaiterFilter { Accounts = [new AccountKey("acme")] }, CancellationToken.None);

    private static async Task WaitUntilAsync(Func<Task<bool>> reached)
    {
        while (!await reached())
        {
            await Task.Yield();
        }
    }

    private static Properties Number(int n, int? m = null) => Properties.Of(
        m is { } more ? [KeyValuePair.Create("n", PropertyValue.Of((decimal)n)), KeyValuePair.Create("m", PropertyValue.Of((decimal)more))] : [KeyValuePair.Create("n", PropertyValue.Of((decimal)n))]);

    private static Task<Outcome> ReserveAsync(
        UsageDesk desk, string id, string type, int n, string account = "acme", Duration? ttl = null, Duration? wait = null, int priority = 0, int? more = null) =>
        desk.Get<ReservationService>().ReserveAsync(
            desk.Workspace,
            new ReservationRequest
            {
                Event = new UsageEvent { Id = new EventId(id), Account = new AccountKey(account), Type = type, Properties = Number(n, more) },
                Ttl = ttl ?? Reservations.DefaultTtl,
                Wait = wait ?? Duration.Zero,
                Priority = priority,
            },
            CancellationToken.None);
}

public sealed class MemoryReservationTests : ReservationTests
{
    private protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}

public sealed class SqliteReservationTests : ReservationTests, IDisposable
{
    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => new SqliteStore(_folder.Options, time);
}

public sealed class PostgreSqlReservationTests : ReservationTests, IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    // Each fifth of the ways is a sweep, for which a connection is opened.
    private protected override int Racing => 200;

    public void Dispose() => _database.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => _database.NewHastyStore(time);
}
