using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>What the writer promises about batches, commits and their failures, whatever the store.</summary>
public abstract class CommitTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 10, 12, 0);

    private const string Catalog = """
        name: commits
        defaultPlan: free
        meters:
          calls: { unit: call }
          units: { unit: unit }
        events:
          call: { charges: { calls: 1 } }
          bulk: { charges: { units: { per: { property: n, unit: 1, amount: 1 } } } }
        plans:
          free: { allowances: { calls: { limit: 10, per: month }, units: { limit: null, per: lifetime } } }
        """;

    [Fact(DisplayName = "TX-2: nobody is answered before the commit")]
    public async Task NobodyIsAnsweredBeforeTheCommit()
    {
        await using Desk desk = await OpenAsync();
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        desk.Hooks.BeforeCommit = () =>
        {
            reached.TrySetResult();
            return release.Task;
        };
        Task<Outcome> answer = desk.ConsumeAsync("e1");
        await reached.Task;
        bool tooSoon = answer.IsCompleted;
        release.SetResult();
        Assert.False(tooSoon);
        Assert.True((await answer).Allowed);
    }

    [Fact(DisplayName = "TX-2: an item that fails alone fails alone, in the middle of its batch")]
    public async Task AnItemFailsAlone()
    {
        await using Desk desk = await OpenAsync();
        UsageEvent[] events =
        [
            .. Enumerable.Range(0, 50).Select(i => Event($"a{i}", "bulk", 1)),
            // Ten thousand of the largest amounts do not fit 64 bits: one of these overflows the balance, the others stand.
            .. Enumerable.Range(0, 9_300).Select(i => Event($"big{i}", "bulk", Quantity.LargestUnits)),
            Event("unknown", "nothing", 1),
            .. Enumerable.Range(0, 50).Select(i => Event($"b{i}", "bulk", 1)),
        ];
        IReadOnlyList<Outcome> outcomes = await desk.Inner.Get<AdmissionService>().RecordAsync(desk.Inner.Workspace, events, CancellationToken.None);
        Assert.All(outcomes.Take(50).Concat(outcomes.TakeLast(50)), outcome => Assert.True(outcome.Allowed));
        int overflows = outcomes.Count(outcome => outcome.Refusal == Refusal.QuantityOverflow);
        Assert.InRange(overflows, 1, 200);
        Assert.Equal(1, outcomes.Count(outcome => outcome.Refusal == Refusal.UnknownEventType));
        Assert.Equal(100 + 9_300 - overflows, outcomes.Count(outcome => outcome.Allowed));
        long used = await desk.UsedAsync("units");
        Assert.Equal(checked(((9_300 - overflows) * Quantity.LargestUnits) + 100), used);
    }

    [Fact(DisplayName = "TX-2: when a commit fails nothing of its batch stands, and the same ids take effect afterwards")]
    public async Task AFailedCommitLeavesNothing()
    {
        await using Desk desk = await OpenAsync();
        Assert.True((await desk.ConsumeAsync("before")).Allowed);
        desk.Hooks.BeforeCommit = () => throw new StoreUnavailableException("The disk is full.");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => desk.ConsumeAsync("e1"));
        desk.Hooks.BeforeCommit = null;
        Assert.Equal(1, await desk.UsedAsync("calls"));
        Outcome outcome = await desk.ConsumeAsync("e1");
        Assert.True(outcome is { Allowed: true, Replayed: false });
        Assert.Equal(2, await desk.UsedAsync("calls"));
    }

    [Fact(DisplayName = "TX-2: an unknown commit is resolved through the ids: the repeat is answered, not counted again")]
    public async Task AnUnknownCommitIsResolvedByItsIds()
    {
        await using Desk desk = await OpenAsync();
        desk.Hooks.AfterCommit = () => throw new StoreUnavailableException("The connection was lost.");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => desk.ConsumeAsync("e1"));
        desk.Hooks.AfterCommit = null;
        Outcome outcome = await desk.ConsumeAsync("e1");
        Assert.True(outcome is { Allowed: true, Replayed: true });
        Assert.Equal(1, await desk.UsedAsync("calls"));
    }

    [Fact(DisplayName = "TX-3: the time of an account's decisions rises although the clock steps back")]
    public async Task TimeRises()
    {
        await using Desk desk = await OpenAsync();
        List<Instant> times = [];
        for (int i = 0; i < 6; i++)
        {
            times.Add((await desk.ConsumeAsync($"e{i}")).Entry!.RecordedAt);
            desk.Inner.Clock.Advance(Duration.FromSeconds(i % 2 == 0 ? -30 : 10));
        }

        Assert.Equal([.. times.Order()], times);
        Assert.Equal(times.Count, times.Distinct().Count());
    }

    [Fact(DisplayName = "TX-4: what a failed commit decided is not remembered: grants and denials follow the committed state")]
    public async Task OnlyCommittedStateIsRemembered()
    {
        await using Desk desk = await OpenAsync();
        desk.Hooks.BeforeCommit = () => throw new StoreUnavailableException("The disk is full.");
        for (int i = 0; i < 15; i++)
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => desk.ConsumeAsync($"lost{i}"));
        }

        desk.Hooks.BeforeCommit = null;
        int granted = 0;
        for (int i = 0; i < 15; i++)
        {
            Outcome outcome = await desk.ConsumeAsync($"e{i}");
            granted += outcome.Allowed ? 1 : 0;
            Assert.Equal(i < 10 ? Refusal.None : Refusal.LimitExceeded, outcome.Refusal);
        }

        Assert.Equal(10, granted);
    }

    [Fact(DisplayName = "TX-5: a command rated under another version is rated again before it is decided")]
    public async Task RatedAgainUnderTheActiveVersion()
    {
        await using Desk desk = await OpenAsync();
        bool changed = false;
        desk.Hooks.BeforeBegin = async () =>
        {
            if (!changed)
            {
                changed = true;
                await desk.ReplaceCatalogAsync(Catalog.Replace("calls: 1 }", "calls: 3 }", StringComparison.Ordinal));
            }
        };
        Outcome outcome = await desk.ConsumeAsync("e1");
        Assert.Equal(3, outcome.Entry!.Charges[0].Amount.Units);
        Assert.Equal(2, outcome.Entry.CatalogVersion);
    }

    [Fact(DisplayName = "ID-5: the same id in flight shares one effect and one answer")]
    public async Task TheSameIdInFlight()
    {
        await using Desk desk = await OpenAsync();
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        desk.Hooks.BeforeBegin = () => release.Task;
        Task<Outcome>[] answers = [.. Enumerable.Range(0, 20).Select(_ => desk.ConsumeAsync("same"))];
        desk.Hooks.BeforeBegin = null;
        release.SetResult();
        Outcome[] outcomes = await Task.WhenAll(answers);
        Assert.Equal(1, outcomes.Count(outcome => !outcome.Replayed));
        Assert.Single(outcomes.Select(outcome => outcome.Entry!.RecordedAt).Distinct());
        Assert.Equal(1, await desk.UsedAsync("calls"));
    }

    [Fact(DisplayName = "ID-3: a denial keeps its answer with its id, also after room has come")]
    public async Task ADenialKeepsItsAnswer()
    {
        await using Desk desk = await OpenAsync();
        for (int i = 0; i < 10; i++)
        {
            await desk.ConsumeAsync($"e{i}");
        }

        Outcome denied = await desk.ConsumeAsync("late");
        await desk.Inner.Get<CorrectionService>().ReverseAsync(desk.Inner.Workspace, new EventId("e0"), null, null, CancellationToken.None);
        Outcome again = await desk.ConsumeAsync("late");
        Assert.True(again.Replayed);
        Assert.Equal(denied.Refusal, again.Refusal);
        Assert.Equal(denied.Violations, again.Violations);
        Assert.True((await desk.ConsumeAsync("another")).Allowed);
    }

    [Fact(DisplayName = "COR-1: a hundred reversals of one event at once take it back once")]
    public async Task ReversedOnce()
    {
        await using Desk desk = await OpenAsync();
        await desk.ConsumeAsync("e1");
        await desk.ConsumeAsync("e2");
        Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() =>
            desk.Inner.Get<CorrectionService>().ReverseAsync(desk.Inner.Workspace, new EventId("e1"), "twice", null, CancellationToken.None))));
        Assert.Equal(1, outcomes.Count(outcome => !outcome.Replayed));
        Assert.All(outcomes, outcome => Assert.Equal(EntryKind.Reversal, outcome.Entry!.Kind));
        Assert.Equal(1, await desk.UsedAsync("calls"));
    }

    [Fact(DisplayName = "TX-1: batches under way at once share no account: others pass, and an account's commands keep their order")]
    public async Task BatchesUnderWayShareNoAccount()
    {
        await using Desk desk = await OpenAsync(batches: 3);
        await Task.WhenAll(desk.RecordAsync("first", "acme"), desk.RecordAsync("second", "other"));
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int begun = 0;
        desk.Hooks.BeforeBegin = () =>
        {
            if (Interlocked.Increment(ref begun) > 1)
            {
                return Task.CompletedTask;
            }

            reached.SetResult();
            return release.Task;
        };
        List<Task<Outcome>> waiting = [desk.RecordAsync("held", "acme")];
        await reached.Task;
        List<Task<Outcome>> passing = [];
        for (int i = 0; i < 400; i++)
        {
            waiting.Add(desk.RecordAsync($"a{i}", "acme"));
            passing.Add(desk.RecordAsync($"o{i}", "other"));
        }

        try
        {
            // However few the last ones are: a batch that stands still holds back nobody but its own accounts.
            await Task.WhenAll(passing).WaitAsync(TimeSpan.FromMinutes(1));
            Assert.DoesNotContain(waiting, task => task.IsCompleted);
        }
        finally
        {
            release.SetResult();
        }

        foreach (List<Task<Outcome>> account in (List<Task<Outcome>>[])[waiting, passing])
        {
            Instant[] times = [.. (await Task.WhenAll(account)).Select(outcome => outcome.Entry!.RecordedAt)];
            Assert.Equal([.. times.Order().Distinct()], times);
        }
    }

    private protected abstract IWeirStore NewStore(TimeProvider time);

    private static UsageEvent Event(string id, string type, long n, string account = "acme") => new()
    {
        Id = new EventId(id),
        Account = new AccountKey(account),
        Type = type,
        Properties = Properties.Of([new("n", PropertyValue.Of((decimal)n))]),
    };

    private async Task<Desk> OpenAsync(int? batches = null)
    {
        HookedStore? hooks = null;
        UsageDesk desk = await UsageDesk.OpenAsync(
            s_now,
            time =>
            {
                hooks = new HookedStore(NewStore(time));
                hooks.MostBatches = batches ?? hooks.MostBatches;
                return hooks;
            },
            Catalog);
        return new Desk(desk, hooks!);
    }

    private sealed class Desk(UsageDesk inner, HookedStore hooks) : IAsyncDisposable
    {
        public UsageDesk Inner => inner;

        public HookedStore Hooks => hooks;

        public Task<Outcome> ConsumeAsync(string id) =>
            inner.Get<AdmissionService>().ConsumeAsync(inner.Workspace, Event(id, "call", 1), ConsumeMode.Enforce, CancellationToken.None);

        public Task<Outcome> RecordAsync(string id, string account) =>
            inner.Get<AdmissionService>().ConsumeAsync(inner.Workspace, Event(id, "bulk", 1, account), ConsumeMode.Record, CancellationToken.None);

        public async Task<long> UsedAsync(string meter)
        {
            AccountState? state = await hooks.ReadStateAsync(inner.Workspace, new AccountKey("acme"), CancellationToken.None);
            return state?.Balances.Values.Where(balance => balance.Key.Meter == meter).Sum(balance => balance.Used.Units) ?? 0;
        }

        public async Task ReplaceCatalogAsync(string catalog) =>
            Assert.Equal(2, await hooks.Catalogs.AddAsync(inner.Workspace, catalog, CatalogFormat.Yaml, null, 1, CancellationToken.None));

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

public sealed class MemoryCommitTests : CommitTests
{
    private protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}
