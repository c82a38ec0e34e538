using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>What an erase does to what is under way, whatever the store.</summary>
public abstract partial class EraseTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 10, 12, 0);

    private static readonly AccountKey s_ada = new("ada-lovelace");

    private const string Catalog = """
        name: jobs
        defaultPlan: free
        meters: { units: { unit: unit } }
        events:
          call: { charges: { units: 1 } }
          job:  { slot: render, charges: { units: { per: { property: n } } } }
        plans:
          free: { allowances: { units: { limit: 10000 } }, slots: { render: 2 } }
        workspace:
          allowances: { units: { limit: 100000, per: calendar-day } }
          slots: { render: 2 }
        """;

    [Fact(DisplayName = "PRIV-1: an erase releases what is held by entries of their own, keeps every total, and the second one changes nothing")]
    public async Task AnEraseReleasesAndKeeps()
    {
        await using UsageDesk desk = await OpenAsync();
        await ConsumeAsync(desk, "e1");
        await ConsumeAsync(desk, "e2", user: "byron");
        Assert.True((await ReserveAsync(desk, "j1", 30)).Allowed);
        Assert.True((await ReserveAsync(desk, "j2", 40, user: "byron")).Allowed);
        long id = (await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None))!.State.Account.Id;
        desk.Clock.Advance(Duration.FromMinutes(1));

        Assert.Equal(new EraseResult(true, true, 2), await EraseAsync(desk));
        AccountState workspace = await desk.Store.Ledger.ReadWorkspaceStateAsync(desk.Workspace, CancellationToken.None);
        Assert.Empty(workspace.Holds);
        Assert.Equal((2, 0), (workspace.Balances.Values.Single().Used.Units, workspace.Balances.Values.Single().Held.Units));
        List<Balance> balances = await BalancesAsync(desk, id);
        Assert.Equal((2, 0), (Assert.Single(balances).Used.Units, balances[0].Held.Units));
        Assert.Equal(2, (await EntriesAsync(desk)).Count(entry => entry.Entry.Kind == EntryKind.Release && entry.Entry.Account == id));
        Assert.Null(await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None));
        await VerifyAsync(desk);

        int entries = (await EntriesAsync(desk)).Count;
        int records = await AuditAsync(desk);
        Assert.Equal(new EraseResult(false, true, 0), await EraseAsync(desk));
        Assert.Equal(new EraseResult(false, true, 0), await EraseAsync(desk, "byron"));
        Assert.Equal((entries, records), ((await EntriesAsync(desk)).Count, await AuditAsync(desk)));
        Assert.Null(await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None));
    }

    [Fact(DisplayName = "PRIV-1: after an erase a repeat of an old event changes nothing and makes nobody; a new event under the key makes a new account")]
    public async Task RepeatsAndNewEvents()
    {
        await using UsageDesk desk = await OpenAsync();
        await ConsumeAsync(desk, "e1");
        Assert.True((await ReserveAsync(desk, "j1", 30)).Allowed);
        long id = (await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None))!.State.Account.Id;
        await EraseAsync(desk);

        Outcome repeat = await ConsumeAsync(desk, "e1");
        Assert.True(repeat is { Allowed: true, Replayed: true });
        Assert.Null(await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None));
        foreach (Func<ReservationService, Task<Outcome>> end in new Func<ReservationService, Task<Outcome>>[]
        {
            service => service.CommitAsync(desk.Workspace, new EventId("j1"), new ReservationEnd(), CancellationToken.None),
            service => service.ReleaseAsync(desk.Workspace, new EventId("j1"), null, "late", CancellationToken.None),
            service => service.ExtendAsync(desk.Workspace, new EventId("j1"), Duration.FromMinutes(1), null, null, CancellationToken.None),
        })
        {
            Assert.Equal(Refusal.ReservationNotFound, (await end(desk.Get<ReservationService>())).Refusal);
        }

        Assert.Equal(Refusal.EventNotFound, (await desk.Get<CorrectionService>().ReverseAsync(desk.Workspace, new EventId("e1"), null, null, CancellationToken.None)).Refusal);
        Outcome fresh = await ConsumeAsync(desk, "e9");
        Assert.True(fresh is { Allowed: true, Replayed: false });
        Assert.NotEqual(id, fresh.Entry!.Account);
        Assert.Equal(1, fresh.Account!.Balances.Values.Single(balance => balance.Key.Scope == ScopeKind.Account).Used.Units);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "PRIV-1: of one user go the name, the tokens, the holds and the details; what completes a call of the user later names nobody")]
    public async Task OneUser()
    {
        await using UsageDesk desk = await OpenAsync();
        await ConsumeAsync(desk, "e1", user: "byron");
        await ConsumeAsync(desk, "e2", user: "clara");
        Assert.True((await ReserveAsync(desk, "j1", 30, user: "byron")).Allowed);
        Assert.True((await ReserveAsync(desk, "j2", 30, user: "clara")).Allowed);
        PortalTokenService tokens = desk.Get<PortalTokenService>();
        Workspace workspace = desk.Get<StoreLifetime>().Default;
        foreach (string user in (string[])["byron", "clara", "guest"])
        {
            Assert.NotNull(await tokens.CreateAsync(workspace, s_ada, user, Duration.FromHours(1), AuditActor.Host, CancellationToken.None));
        }

        Assert.Equal(new EraseResult(true, true, 1), await EraseAsync(desk, "byron"));
        Assert.Equal(new EraseResult(true, true, 0), await EraseAsync(desk, "guest"));
        Assert.Equal(new EraseResult(false, true, 0), await EraseAsync(desk, "byron"));
        Assert.Equal(["clara"], (await tokens.ListAsync(desk.Workspace, new PortalTokenFilter(), CancellationToken.None)).Select(token => token.User));
        CallCompletion completion = new()
        {
            Event = new EventId("e1"), Account = s_ada, Failed = false, Details = new EventDetails { Status = "200", Address = "10.9.8.7", RequestId = "of byron" },
            Properties = Properties.Of([KeyValuePair.Create("note", PropertyValue.Of("by byron"))]),
        };
        Assert.True((await desk.Get<AdmissionService>().CompleteAsync(desk.Workspace, completion, CancellationToken.None)).Allowed);
        LedgerRecord record = (await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId("e1"), CancellationToken.None))!;
        Assert.Equal("200", record.Completion!.Details.Status);
        Assert.DoesNotContain("byron", Dump.Of(record), StringComparison.Ordinal);
        Assert.DoesNotContain("10.9.8.7", Dump.Of(record), StringComparison.Ordinal);
        Assert.Equal("clara", (await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId("e2"), CancellationToken.None))!.Details.User);
        Outcome again = await ConsumeAsync(desk, "e3", user: "byron");
        Assert.NotEqual(record.Entry.Scopes.User, again.Entry!.Scopes.User);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "PRIV-1: the audit log says that something was erased and by whom, not who it was, and its chain holds")]
    public async Task TheAuditLogStays()
    {
        await using UsageDesk desk = await OpenAsync();
        await desk.Get<AccountService>().PutAsync(desk.Workspace, s_ada, new AccountChange(), new ProfileChange { Name = "Augusta" }, AuditActor.Host, CancellationToken.None);
        await ConsumeAsync(desk, "e1", user: "byron");
        await EraseAsync(desk, "byron");
        await EraseAsync(desk);
        IReadOnlyList<AuditRecord> records = await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter { Ascending = true }, CancellationToken.None);
        Assert.Equal(["user.erased", "account.erased"], records.Select(record => record.Action).TakeLast(2));
        Assert.All(records.TakeLast(2), record => Assert.Equal("cli", record.Actor.Id));
        Assert.Null((await desk.Get<AuditVerifier>().VerifyAsync(desk.Workspace, null, CancellationToken.None)).Broken);
        string all = Dump.Of(records);
        Assert.DoesNotContain((string[])["ada", "byron", "Augusta"], name => all.Contains(name, StringComparison.Ordinal));
    }

    [Fact(DisplayName = "PRIV-1: a plan that was made for the account is nobody's afterwards, in every version of the catalog")]
    public async Task OwnPlans()
    {
        await using UsageDesk desk = await OpenAsync();
        await ConsumeAsync(desk, "e1");
        string own = Catalog.Replace("workspace:", "  own: { account: ada-lovelace, allowances: { units: { limit: 5 } } } # for ada-lovelace\n  theirs: { account: someone }\nworkspace:", StringComparison.Ordinal);
        await desk.PutCatalogAsync(own);
        await desk.PutCatalogAsync(own + "# and again\n");
        Assert.True((await desk.Get<AccountService>().ChangeAsync(desk.Workspace, s_ada, new AccountChange { Plan = "own" }, null, false, AuditActor.Host, CancellationToken.None)).Allowed);
        await EraseAsync(desk);
        foreach (CatalogVersion version in await desk.Store.Catalogs.ListAsync(desk.Workspace, true, CancellationToken.None))
        {
            Assert.DoesNotContain("ada-lovelace", version.Document, StringComparison.Ordinal);
            Assert.True(CatalogText.Read(version.Document, version.Format).IsValid);
            Assert.Equal(version.Version > 1, version.Document.Contains("account: someone", StringComparison.Ordinal));
        }

        // The new account of that key has the default plan, and cannot have the one that was the old one's.
        await ConsumeAsync(desk, "e2");
        Assert.Equal(Refusal.UnknownPlan, (await desk.Get<AccountService>().ChangeAsync(desk.Workspace, s_ada, new AccountChange { Plan = "own" }, null, false, AuditActor.Host, CancellationToken.None)).Refusal);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "PRIV-1: a process that dies when an erase has begun leaves no key behind, in plans that were made for the account neither")]
    public async Task DiesInTheMiddle()
    {
        HookedStore? hooks = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, clock => hooks = new HookedStore(NewStore(clock)), Catalog);
        await ConsumeAsync(desk, "e1");
        await desk.PutCatalogAsync(Catalog.Replace("workspace:", "  own: { account: ada-lovelace, allowances: { units: { limit: 5 } } }\nworkspace:", StringComparison.Ordinal));
        hooks!.AfterCommit = () => throw new StoreUnavailableException("The process dies here.");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => EraseAsync(desk));
        hooks.AfterCommit = null;

        Assert.All(
            await desk.Store.Catalogs.ListAsync(desk.Workspace, true, CancellationToken.None),
            version => Assert.DoesNotContain("ada-lovelace", version.Document, StringComparison.Ordinal));
        Assert.True(await desk.Get<PrivacyService>().CompleteAllAsync(CancellationToken.None));
        Assert.False((await desk.Get<PrivacyService>().EraseAsync(desk.Workspace, s_ada, null, AuditActor.Host, CancellationToken.None)).Erased);
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "PRIV-1: an erase in the middle of consumption: each acknowledged event stands with the old account or with a new one, and nothing leads to the old one by its key")]
    public async Task EraseRacesConsumption()
    {
        const int tasks = 64;
        const int each = 25;
        await using UsageDesk desk = await OpenAsync();
        TaskCompletionSource half = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int sent = 0;
        Task<Outcome[]>[] senders =
        [
            .. Enumerable.Range(0, tasks).Select(task => Task.Run(async () =>
            {
                Outcome[] outcomes = new Outcome[each];
                for (int i = 0; i < each; i++)
                {
                    outcomes[i] = i % 5 == 4 ? await ReserveAsync(desk, $"r{task}-{i}", 1, type: "call") : await ConsumeAsync(desk, $"c{task}-{i}", user: "u" + (task % 4));
                    if (Interlocked.Increment(ref sent) == tasks * each / 2)
                    {
                        half.TrySetResult();
                    }
                }

                return outcomes;
            })),
        ];
        await half.Task;
        Task<EraseResult> userGoes = EraseAsync(desk, "u1");
        EraseResult[] erased = [await EraseAsync(desk), await EraseAsync(desk)];
        await userGoes;
        Outcome[] acknowledged = [.. (await Task.WhenAll(senders)).SelectMany(outcomes => outcomes)];
        Assert.True(erased[0].Erased);
        Assert.All(acknowledged, outcome => Assert.True(outcome.Allowed, outcome.Failure?.Message));

        long? now = (await desk.Store.Accounts.FindAsync(desk.Workspace, s_ada, CancellationToken.None))?.State.Account.Id;
        HashSet<long> gone = [.. (await EntriesAsync(desk)).Select(entry => entry.Entry.Account).Where(account => account != now)];
        Assert.NotEmpty(gone);
        IReadOnlyList<LedgerRecord> log = await desk.Store.Ledger.ReadAsync(desk.Workspace, new LedgerFilter { Limit = 1000 }, CancellationToken.None);
        Assert.All(log, record => Assert.Equal(record.Entry.Account == now ? s_ada : null, record.Account));
        Assert.All(log.Where(record => record.Account is null), record => Assert.True(record.Details is { Id: null, User: null, Campaign: null, Address: null }));
        Assert.Empty(await desk.Store.Accounts.NamesAsync(desk.Workspace, gone, CancellationToken.None));
        foreach (Outcome outcome in acknowledged)
        {
            LedgerRecord stands = (await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId(outcome.Id), CancellationToken.None))!;
            Assert.Equal(outcome.Entry!.Account, stands.Entry.Account);
        }

        // Every event counted once, with whoever it stands with.
        List<Balance> all = [];
        foreach (long account in gone.Append(now ?? 0))
        {
            all.AddRange((await BalancesAsync(desk, account)).Where(balance => balance.Key.Scope == ScopeKind.Account));
        }

        Assert.Equal(acknowledged.Count(outcome => outcome.Id.StartsWith('c')), all.Sum(balance => balance.Used.Units));
        Assert.Empty(await desk.Store.Privacy.ReadOpenAsync(desk.Workspace, CancellationToken.None));
        await VerifyAsync(desk);
    }

    [Fact(DisplayName = "PRIV-1: erases that are asked for together share the end, which is what costs")]
    public async Task TogetherTheyShare()
    {
        CountedEnds? ends = null;
        await using UsageDesk desk = await UsageDesk.OpenAsync(
            s_now,
            clock =>
            {
                HookedStore store = new(NewStore(clock));
                store.Privacy = ends = new CountedEnds(store.Privacy);
                return store;
            },
            Catalog);
        for (int i = 0; i < 10; i++)
        {
            UsageEvent call = new() { Id = new EventId($"e{i}"), Account = new AccountKey($"account-{i}"), Type = "call" };
            await desk.Get<AdmissionService>().ConsumeAsync(desk.Workspace, call, ConsumeMode.Record, CancellationToken.None);
        }

        // The first has come to its end; the others begin meanwhile.
        PrivacyService privacy = desk.Get<PrivacyService>();
        Task<EraseResult> first = EraseAsync(0);
        await ends!.Begun;
        Task<EraseResult>[] others = [.. Enumerable.Range(1, 9).Select(EraseAsync)];
        while ((await desk.Store.Privacy.ReadOpenAsync(desk.Workspace, CancellationToken.None)).Count < 10)
        {
            await Task.Yield();
        }

        ends.Release();
        Assert.All(await Task.WhenAll([first, .. others]), result => Assert.Equal(new EraseResult(true, true, 0), result));
        Assert.Equal([1, 9], ends.Sizes);

        Task<EraseResult> EraseAsync(int i) => privacy.EraseAsync(desk.Workspace, new AccountKey($"account-{i}"), null, AuditActor.Cli, CancellationToken.None);
    }

    /// <summary>Notes how many erases each end had, and holds the first one back.</summary>
    private sealed class CountedEnds(IPrivacyStore inner) : IPrivacyStore
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<int> Sizes { get; } = [];

        public Task Begun => _begun.Task;

        public void Release() => _released.SetResult();

        public ValueTask<IReadOnlyList<OpenErasure>> ReadOpenAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.ReadOpenAsync(workspace, cancellationToken);

        public ValueTask<int> EraseNextAsync(WorkspaceId workspace, long erasure, int limit, CancellationToken cancellationToken) =>
            inner.EraseNextAsync(workspace, erasure, limit, cancellationToken);

        public ValueTask<int> PruneAsync(WorkspaceId workspace, RetentionKind kind, Instant before, int limit, CancellationToken cancellationToken) =>
            inner.PruneAsync(workspace, kind, before, limit, cancellationToken);

        public async ValueTask<bool> EndAsync(WorkspaceId workspace, IReadOnlyCollection<long> erasures, CancellationToken cancellationToken)
        {
            Sizes.Add(erasures.Count);
            _begun.TrySetResult();
            await _released.Task;
            return await inner.EndAsync(workspace, erasures, cancellationToken);
        }
    }

    private protected Task<UsageDesk> OpenAsync() => UsageDesk.OpenAsync(s_now, NewStore, Catalog);

    private protected abstract IWeirStore NewStore(TimeProvider time);

    private static Task<EraseResult> EraseAsync(UsageDesk desk, string? user = null) =>
        desk.Get<PrivacyService>().EraseAsync(desk.Workspace, s_ada, user, AuditActor.Cli, CancellationToken.None);

    private static Task<Outcome> ConsumeAsync(UsageDesk desk, string id, string? user = null) => desk.Get<AdmissionService>().ConsumeAsync(
        desk.Workspace,
        new UsageEvent { Id = new EventId(id), Account = s_ada, Type = "call", Details = new EventDetails { User = user } }, ConsumeMode.Record, CancellationToken.None);

    private static Task<Outcome> ReserveAsync(UsageDesk desk, string id, int n, string account = "ada-lovelace", string? user = null, Duration wait = default, string type = "job") =>
        desk.Get<ReservationService>().ReserveAsync(
            desk.Workspace,
            new ReservationRequest
            {
                Event = new UsageEvent
                {
                    Id = new EventId(id), Account = new AccountKey(account), Type = type, Details = new EventDetails { User = user },
                    Properties = Properties.Of([KeyValuePair.Create("n", PropertyValue.Of((decimal)n))]),
                },
                Ttl = Duration.FromHours(1),
                Wait = wait,
            },
            CancellationToken.None);

    private static async Task<List<StoredEntry>> EntriesAsync(UsageDesk desk)
    {
        List<StoredEntry> all = [];
        while (await desk.Store.Ledger.FollowAsync(desk.Workspace, all.Count == 0 ? 0 : all[^1].Sequence, 1000, CancellationToken.None) is { Count: > 0 } page)
        {
            all.AddRange(page);
        }

        return all;
    }

    private static async Task<List<Balance>> BalancesAsync(UsageDesk desk, long account)
    {
        List<Balance> balances = [];
        await foreach ((long of, Balance balance) in desk.Store.Ledger.ReadBalancesAsync(desk.Workspace, CancellationToken.None))
        {
            if (of == account)
            {
                balances.Add(balance);
            }
        }

        return balances;
    }

    private static async Task<int> AuditAsync(UsageDesk desk) => (await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter { Limit = 1000 }, CancellationToken.None)).Count;

    private static async Task VerifyAsync(UsageDesk desk)
    {
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(verification.IsClean, Dump.Of(verification));
    }
}

public sealed class MemoryEraseTests : EraseTests
{
    private protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}

public sealed class SqliteEraseTests : EraseTests, IDisposable
{
    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => new SqliteStore(_folder.Options, time);
}

public sealed class PostgreSqlEraseTests : EraseTests, IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => _database.NewHastyStore(time);
}
