using NodaTime;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>Repeats where a node has stopped to look for ids, because nobody has repeated for long.</summary>
public sealed class PostgreSqlRepeatTests : IDisposable
{
    private const string Catalog = """
        name: repeats
        defaultPlan: free
        meters: { units: { unit: unit } }
        events:
          call: { charges: { units: { per: { property: n } } } }
          render: { slot: render, charges: { units: { per: { property: n } } } }
        plans: { free: { allowances: { units: { limit: 100 } }, slots: { render: 1 } } }
        """;

    private static readonly AccountKey s_acme = new("acme");

    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "ID-5: ids are no longer looked for once batches in a row have met no repeat; the next repeat is answered all the same, and those after it are looked for")]
    public async Task LooksUntilNobodyRepeats()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null), Catalog);
        Outcome first = await ConsumeAsync(desk, "first");
        int batches = 1;
        for (; RepeatsOf(desk).AreExpected; batches++)
        {
            await ConsumeAsync(desk, $"warm-{batches}", 0);
        }

        Assert.InRange(batches, 60, 70);
        Outcome repeat = await ConsumeAsync(desk, "first");
        Assert.True(repeat is { Allowed: true, Replayed: true });
        Assert.Equal(Dump.Of(first.Entry), Dump.Of(repeat.Entry));
        Assert.True(RepeatsOf(desk).AreExpected);
        Assert.True((await ConsumeAsync(desk, "first")).Replayed);
        await VerifyAsync(desk, batches);
    }

    [Fact(DisplayName = "ID-5: without a look before, a repeat whose event would fail or be denied now has its first answer, and another content under the id is refused")]
    public async Task RepeatsOfWhatWouldNotPassNow()
    {
        await using UsageDesk desk = await OpenAsync();
        Assert.True((await ConsumeAsync(desk, "c", 60)).Allowed);
        Assert.True((await ConsumeAsync(desk, "free", 40, freeWhenDenied: true)).Allowed);
        Assert.True((await AdjustAsync(desk, "back", -90)).Allowed);
        Assert.True((await ReserveAsync(desk, "job", 5)).Allowed);
        Assert.True((await ConsumeAsync(desk, "rest", 85)).Allowed);
        Outcome kept = await ConsumeAsync(desk, "denied", 50);
        Assert.Equal(Refusal.LimitExceeded, kept.Refusal);
        Assert.True((await AdjustAsync(desk, "forth", -20)).Allowed);
        Assert.True((await ConsumeAsync(desk, "last", 20)).Allowed);
        int entries = (await EntriesAsync(desk)).Count;

        // Not one of them would be granted or given now.
        Assert.True(await ConsumeAsync(desk, "c", 60) is { Allowed: true, Replayed: true });
        Assert.True(await ConsumeAsync(desk, "free", 40, freeWhenDenied: true) is { Allowed: true, Replayed: true });
        Assert.True(await ReserveAsync(desk, "job", 5) is { Allowed: true, Replayed: true });
        Assert.True(await ConsumeAsync(desk, "denied", 50) is { Refusal: Refusal.LimitExceeded, Replayed: true });
        Assert.True((await AdjustAsync(desk, "all", null)).Allowed);
        Assert.True(await AdjustAsync(desk, "back", -90) is { Allowed: true, Replayed: true });
        Assert.True(await ConsumeAsync(desk, "denied", 50) is { Refusal: Refusal.LimitExceeded, Replayed: true });
        Assert.Equal(Refusal.IdReused, (await ConsumeAsync(desk, "c", 61)).Refusal);
        Assert.Equal(Refusal.IdReused, (await ConsumeAsync(desk, "free", 99, freeWhenDenied: true)).Refusal);
        Assert.Equal(Refusal.IdReused, (await ReserveAsync(desk, "denied", 1)).Refusal);
        await VerifyAsync(desk, entries + 1);
    }

    [Fact(DisplayName = "TX-2, ID-5: in a batch of 200 without a look before, repeats of older and of the same batch's ids have their answers, and each other one its own")]
    public async Task RepeatsAmongOthers()
    {
        await using UsageDesk desk = await OpenAsync();
        for (int i = 0; i < 200; i += 20)
        {
            Assert.True((await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, [Event($"e-{i}", 0)], CancellationToken.None))[0].Allowed);
        }

        UsageEvent[] events = [.. Enumerable.Range(0, 200).Select(i => Event($"e-{(i % 10 == 3 ? i - 1 : i)}", i % 40 == 20 ? 1 : 0))];
        IReadOnlyList<Outcome> outcomes = await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, events, CancellationToken.None);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(i % 40 == 20 ? Refusal.IdReused : Refusal.None, outcomes[i].Refusal);
            Assert.Equal(i % 40 == 0 || i % 10 == 3, outcomes[i].Replayed);
        }

        await VerifyAsync(desk, 200 - 20);
    }

    [Fact(DisplayName = "ID-5: without a look before, one id at two nodes at once takes effect once, for whichever account, with one answer")]
    public async Task AtTwoNodes()
    {
        await using UsageDesk first = await OpenAsync();
        await using UsageDesk second = await OpenAsync();
        UsageDesk[] nodes = [first, second];
        Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => ConsumeAsync(nodes[i % 2], $"e-{i / 4}", 0, account: $"account-{i / 4 % 7}")));
        foreach (IGrouping<string, Outcome> answers in outcomes.GroupBy(outcome => outcome.Id, StringComparer.Ordinal))
        {
            Assert.All(answers, answer => Assert.True(answer.Allowed));
            Assert.Single(answers, answer => !answer.Replayed);
            Assert.Single(answers.Select(answer => Dump.Of(answer.Entry)).Distinct(StringComparer.Ordinal));
        }

        Outcome[] others = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => ConsumeAsync(nodes[i % 2], $"o-{i / 2}", 0, account: $"account-{i % 2}")));
        Assert.All(others.GroupBy(outcome => outcome.Id, StringComparer.Ordinal), answers => Assert.Equal([Refusal.None, Refusal.IdReused], answers.Select(answer => answer.Refusal).Order()));
        await VerifyAsync(first, 160);
    }

    private async Task<UsageDesk> OpenAsync() => await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewHastyStore(null), Catalog);

    private static ExpectedRepeats RepeatsOf(UsageDesk desk) => ((PostgreSqlLedger)desk.Store.Ledger).Repeats;

    private static UsageEvent Event(string id, int n, string account = "acme", bool freeWhenDenied = false) => new()
    {
        Id = new EventId(id),
        Account = new AccountKey(account),
        Type = "call",
        Properties = Properties.Of([KeyValuePair.Create("n", PropertyValue.Of((decimal)n))]),
        Details = EventDetails.Empty,
        FreeWhenDenied = freeWhenDenied,
    };

    private static Task<Outcome> ConsumeAsync(UsageDesk desk, string id, int n = 1, string account = "acme", bool freeWhenDenied = false) =>
        desk.Get<AdmissionService>().ConsumeAsync(desk.Workspace, Event(id, n, account, freeWhenDenied), ConsumeMode.Enforce, CancellationToken.None);

    private static Task<Outcome> ReserveAsync(UsageDesk desk, string id, int n) => desk.Get<ReservationService>().ReserveAsync(
        desk.Workspace, new ReservationRequest { Event = Event(id, n) with { Type = "render" }, Ttl = Duration.FromMinutes(5), Wait = Duration.Zero }, CancellationToken.None);

    private static Task<Outcome> AdjustAsync(UsageDesk desk, string id, decimal? amount) =>
        desk.Get<CorrectionService>().AdjustAsync(desk.Workspace, new EventId(id), s_acme, "units", amount, "test", "test", "test", CancellationToken.None);

    private static async Task<IReadOnlyList<StoredEntry>> EntriesAsync(UsageDesk desk) => await desk.Store.Ledger.FollowAsync(desk.Workspace, 0, 1_000, CancellationToken.None);

    private static async Task VerifyAsync(UsageDesk desk, int entries)
    {
        Assert.Equal(entries, (await EntriesAsync(desk)).Count);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(verification.IsClean, Dump.Of(verification));
    }
}
