using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

public sealed class RetentionTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 10, 12, 0);

    [Fact(DisplayName = "PRIV-2: the daily run takes what is older than its bound, once, and says so in the audit log; the ledger and its proof stay")]
    public async Task TheDailyRun()
    {
        using SqliteFolder folder = new();
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, time => new SqliteStore(folder.Options, time));
        desk.Get<RetentionOptions>().EventDetails = TimeSpan.FromDays(30);
        await RecordAsync(desk, "old", 2_500);
        Assert.NotNull(await desk.Get<PortalTokenService>().CreateAsync(desk.Get<StoreLifetime>().Default, new AccountKey("acme"), "ada", Duration.FromHours(1), AuditActor.Host, CancellationToken.None));
        desk.Clock.Advance(Duration.FromDays(40));
        await RecordAsync(desk, "new", 3);

        RetentionService retention = desk.Get<RetentionService>();
        Assert.True(await retention.RunAllAsync(CancellationToken.None));
        Assert.Equal(3, (long)folder.Query("SELECT count(*) FROM event_details WHERE substr(id, 1, 3) IN ('old', 'new')")[0][0]!);
        Assert.Equal(3, (long)folder.Query("SELECT count(*) FROM event_details WHERE user_agent = 'agent'")[0][0]!);
        Assert.Equal("new-1", (await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId("new-1"), CancellationToken.None))!.Details.Id);
        Assert.Equal((null, null), ((await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId("old-1"), CancellationToken.None))!.Details is var old ? (old.Id, old.User) : default));
        Assert.Empty(await desk.Store.PortalTokens.ListAsync(desk.Workspace, new PortalTokenFilter(), CancellationToken.None));
        AuditRecord said = Assert.Single(await AppliedAsync(desk));
        Assert.Contains("\"EventDetails\":2500", said.After, StringComparison.Ordinal);
        Assert.Contains("\"PortalTokens\":1", said.After, StringComparison.Ordinal);

        // Today's run is done; another day there is nothing left to take.
        Assert.True(await retention.RunAllAsync(CancellationToken.None));
        desk.Clock.Advance(Duration.FromDays(1));
        Assert.True(await retention.RunAllAsync(CancellationToken.None));
        Assert.Single(await AppliedAsync(desk));
        Assert.True((await desk.RecordAsync("old-1", "ping", null, details: new EventDetails { User = "ada", UserAgent = "agent" })).Replayed);
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "ID-3, PRIV-2: a denial answers repeats for as long as it is kept; afterwards the same request is decided anew, and an effect stays one")]
    public async Task DenialsGoByTheirAge()
    {
        using SqliteFolder folder = new();
        const string catalog = """
            name: tight
            defaultPlan: free
            meters: { calls: { unit: call } }
            events: { call: { charges: { calls: 1 } } }
            plans: { free: { allowances: { calls: { limit: 1, per: month } } } }
            """;
        IWeirStore store;
        await using (UsageDesk desk = await UsageDesk.OpenAsync(s_now, time => new SqliteStore(folder.Options, time), catalog))
        {
            store = desk.Store;
            desk.Get<RetentionOptions>().Denials = TimeSpan.FromDays(400);
            Assert.True((await ConsumeAsync(desk, "yes")).Allowed);
            Assert.False((await ConsumeAsync(desk, "no")).Allowed);
            Assert.False((await ConsumeAsync(desk, "no-later", after: Duration.FromDays(1))).Allowed);
            desk.Clock.Advance(Duration.FromDays(399));
            Assert.True(await desk.Get<RetentionService>().RunAllAsync(CancellationToken.None));
            Assert.True(await ConsumeAsync(desk, "no") is { Allowed: false, Replayed: true });
            desk.Clock.Advance(Duration.FromDays(1) - Duration.FromHours(1));
            Assert.True(await desk.Get<RetentionService>().RunAllAsync(CancellationToken.None));
            Assert.True(await ConsumeAsync(desk, "no") is { Allowed: true, Replayed: false });
            Assert.True(await ConsumeAsync(desk, "no-later") is { Allowed: false, Replayed: true });
            Assert.True(await ConsumeAsync(desk, "yes") is { Allowed: true, Replayed: true });
            Assert.Contains("\"Denials\":1", Assert.Single(await AppliedAsync(desk)).After, StringComparison.Ordinal);
            await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
            Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
        }

        await store.DisposeAsync();
        await using UsageDesk again = await UsageDesk.OpenAsync(s_now + Duration.FromDays(500), time => new SqliteStore(folder.Options, time), catalog);
        Assert.True(await ConsumeAsync(again, "no") is { Allowed: true, Replayed: true });
        Assert.True(await ConsumeAsync(again, "no-later") is { Allowed: false, Replayed: true });

        static Task<Outcome> ConsumeAsync(UsageDesk desk, string id, Duration? after = null)
        {
            desk.Clock.Advance(after ?? Duration.Zero);
            UsageEvent e = new() { Id = new EventId(id), Account = new AccountKey("acme"), Type = "call", Details = EventDetails.Empty };
            return desk.Get<AdmissionService>().ConsumeAsync(desk.Workspace, e, ConsumeMode.Enforce, CancellationToken.None);
        }
    }

    [Fact(DisplayName = "PRIV-2: one node at a time runs it; without bounds everything stays until it is erased")]
    public async Task OneNode()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now);
        await RecordAsync(desk, "old", 3);
        desk.Clock.Advance(Duration.FromDays(4_000));
        ScheduledJobLease other = (await desk.Store.ScheduledJobs.TakeAsync(desk.Workspace, RetentionService.Job, "other", Duration.FromMinutes(5), CancellationToken.None))!;
        Assert.False(await desk.Get<RetentionService>().RunAllAsync(CancellationToken.None));
        Assert.True(await desk.Store.ScheduledJobs.EndAsync(desk.Workspace, other, new ScheduledJobResult(), null, [], CancellationToken.None));
        Assert.True(await desk.Get<RetentionService>().RunAllAsync(CancellationToken.None));
        Assert.Equal("old-1", (await desk.Store.Ledger.FindAsync(desk.Workspace, new EventId("old-1"), CancellationToken.None))!.Details.Id);
        Assert.Empty(await AppliedAsync(desk));
    }

    private static async Task RecordAsync(UsageDesk desk, string name, int count)
    {
        UsageEvent[] events =
        [
            .. Enumerable.Range(1, count).Select(i => new UsageEvent
            {
                Id = new EventId($"{name}-{i}"), Account = new AccountKey("acme"), Type = "ping", Details = new EventDetails { User = "ada", UserAgent = "agent" },
            }),
        ];
        Assert.All(await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, events, CancellationToken.None), outcome => Assert.True(outcome.Allowed));
    }

    private static async Task<IReadOnlyList<AuditRecord>> AppliedAsync(UsageDesk desk) =>
        await desk.Store.Audit.ReadAsync(desk.Workspace, new AuditFilter { Action = AuditActions.RetentionApplied }, CancellationToken.None);
}
