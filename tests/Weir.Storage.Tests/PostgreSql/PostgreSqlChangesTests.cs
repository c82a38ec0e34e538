using System.Diagnostics;
using System.Globalization;

using NodaTime;

using Npgsql;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>
/// What nodes remember and how they learn that it changed. The clock by which a node asks again stands still in these tests: what a node
/// learns, it was told.
/// </summary>
public sealed class PostgreSqlChangesTests : IDisposable
{
    /// <summary>Shorter than what nobody is told of may be remembered.</summary>
    private static readonly TimeSpan s_limit = Freshness.Longest * 0.8;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private readonly PostgreSqlDatabase _database = new();

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _database.Dispose();

    [Fact(DisplayName = "ACC-1: a key that one node revokes is refused on every node, which are told of it")]
    public async Task ARevokedKeyIsRefusedEverywhere()
    {
        await using Node first = await OpenAsync();
        await using Node second = await OpenAsync();
        await ListensAsync(second);
        (ApiKey key, string text) = await CreateKeyAsync(first, "a");
        (_, string other) = await CreateKeyAsync(first, "b");
        await RemembersAsync(second, text);
        await RemembersAsync(second, other);

        await first.Keys.RevokeAsync(first.Workspace, key.Id, AuditActor.Host, None);
        Assert.Null(await first.Keys.AuthenticateAsync(text, None));
        await UntilAsync(async () => await second.Keys.AuthenticateAsync(text, None) is null);
        Assert.NotNull(await second.Keys.AuthenticateAsync(other, None));
    }

    [Fact(DisplayName = "ACC-3: a portal token that one node revokes, or whose account it erases, is refused on every node")]
    public async Task ARevokedTokenIsRefusedEverywhere()
    {
        await using Node first = await OpenAsync();
        await using Node second = await OpenAsync();
        await ListensAsync(second);
        await first.Store.Ledger.CreateAccountsAsync(first.Workspace, [Sample.New("acme", 1)], None);
        (PortalToken token, string text) = await CreateTokenAsync(first);
        (_, string other) = await CreateTokenAsync(first);
        await RemembersAsync(second, text);
        await RemembersAsync(second, other);

        await first.Desk.Get<PortalTokenService>().RevokeAsync(first.Workspace, token.Id, AuditActor.Host, None);
        await UntilAsync(async () => await second.Keys.AuthenticateAsync(text, None) is null);
        await RemembersAsync(second, other);
        await first.Desk.Get<PrivacyService>().EraseAsync(first.Workspace, Sample.Acme, null, AuditActor.Host, None);
        await UntilAsync(async () => await second.Keys.AuthenticateAsync(other, None) is null);
    }

    [Fact(DisplayName = "CAT-1: a version that one node activates acts on the others, which are told of it; its own requests see it at once")]
    public async Task AVersionActsEverywhere()
    {
        await using Node first = await OpenAsync();
        await using Node second = await OpenAsync();
        await ListensAsync(second);
        int before = (await second.Catalogs.ActiveAsync(second.Workspace, None)).Version;
        await first.Desk.PutCatalogAsync(UsageDesk.Catalog + "\n# another\n");
        Assert.Equal(before + 1, (await first.Catalogs.ActiveAsync(first.Workspace, None)).Version);
        await UntilAsync(async () => (await second.Catalogs.ActiveAsync(second.Workspace, None)).Version == before + 1);
    }

    [Fact(DisplayName = "PRIV-1: a name that one node takes out of a catalog is not shown by another that had read it")]
    public async Task ARedactedCatalogIsReadAgain()
    {
        await using Node first = await OpenAsync();
        await using Node second = await OpenAsync();
        await ListensAsync(second);
        await first.Desk.PutCatalogAsync(UsageDesk.Catalog.Replace("plans:", "plans:\n  own: { account: acme }", StringComparison.Ordinal));
        await UntilAsync(async () => (await second.Catalogs.ActiveAsync(second.Workspace, None)).Catalog.Plans.GetValueOrDefault("own")?.Account == "acme");
        await first.Desk.Get<PrivacyService>().EraseAsync(first.Workspace, Sample.Acme, null, AuditActor.Host, None);
        await UntilAsync(async () => (await second.Catalogs.ActiveAsync(second.Workspace, None)).Catalog.Plans["own"].Account != "acme");
    }

    [Fact(DisplayName = "ACC-1: a notification that is lost while a node does not listen leaves no key: it reads again what it remembers when it listens again")]
    public async Task ALostNotificationLeavesNothing()
    {
        await using Node first = await OpenAsync();
        await using Node second = await OpenAsync();
        await ListensAsync(second);
        (ApiKey key, string text) = await CreateKeyAsync(first, "a");
        await RemembersAsync(second, text);

        // Nobody is told of this one.
        Execute($"UPDATE weir.api_keys SET revoked_at = 1 WHERE id = '{key.Id}'");
        Assert.NotNull(await second.Keys.AuthenticateAsync(text, None));
        Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_notify%' AND pid <> pg_backend_pid()");
        await UntilAsync(async () => await second.Keys.AuthenticateAsync(text, None) is null);
    }

    [Fact(DisplayName = "ACC-1: a listening connection that stands still proves nothing, and keys are read again as without one")]
    public async Task AStandstillProvesNothing()
    {
        await using Node desk = await OpenAsync();
        await ListensAsync(desk);
        await using NpgsqlConnection look = _database.Connect("postgres");
        await using NpgsqlCommand find = new("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_notify%' AND pid <> pg_backend_pid()", look);
        int backend = (int)(await find.ExecuteScalarAsync())!;
        PostgreSqlServer.Freeze(backend);
        try
        {
            await UntilAsync(() => ValueTask.FromResult(Stamp(desk) is null));
        }
        finally
        {
            PostgreSqlServer.Thaw(backend);
        }

        await ListensAsync(desk);
    }

    [Fact(DisplayName = "ACC-1: while nothing is heard, a key is good for a second after it was read")]
    public async Task WithoutNewsAKeyIsGoodForASecond()
    {
        TickingClock clock = new();
        await using PostgreSqlStore store = _database.NewStore(null);
        WorkspaceId workspace = await store.NewWorkspaceAsync();
        Workspace home = (await store.Workspaces.FindAsync(Workspace.DefaultKey, None))!;

        // Not opened, so it does not listen.
        Assert.Null(store.Changes.Stamp(workspace, Remembered.Keys));
        KeyService keys = new(store, clock);
        (ApiKey key, string text) = await keys.CreateAsync(home, "a", true, KeyScopes.Read, AuditActor.Host, None);
        Assert.NotNull(await keys.AuthenticateAsync(text, None));
        await store.Keys.RevokeAsync(workspace, key.Id, None);
        clock.Elapsed = TimeSpan.FromMilliseconds(999);
        Assert.NotNull(await keys.AuthenticateAsync(text, None));
        clock.Elapsed = TimeSpan.FromSeconds(1);
        Assert.Null(await keys.AuthenticateAsync(text, None));
    }

    [Fact(DisplayName = "ACC-2: who listens in the database hears numbers of workspaces, and neither keys nor names")]
    public async Task NotificationsSayNothing()
    {
        await using Node desk = await OpenAsync();
        await desk.Store.Ledger.CreateAccountsAsync(desk.Workspace, [Sample.New("acme", 1)], None);
        (ApiKey key, _) = await CreateKeyAsync(desk, "a");
        (PortalToken token, _) = await CreateTokenAsync(desk);
        await using NpgsqlConnection connection = _database.Connect("postgres");
        List<string> heard = [];
        connection.Notification += (_, notification) => heard.Add(notification.Payload);
        await using (NpgsqlCommand listen = new("LISTEN weir_changes", connection))
        {
            await listen.ExecuteNonQueryAsync();
        }

        await desk.Keys.RevokeAsync(desk.Workspace, key.Id, AuditActor.Host, None);
        await desk.Desk.Get<PortalTokenService>().RevokeAsync(desk.Workspace, token.Id, AuditActor.Host, None);
        await desk.Desk.PutCatalogAsync(UsageDesk.Catalog + "\n# another\n");
        await desk.Desk.Get<PrivacyService>().EraseAsync(desk.Workspace, Sample.Acme, null, AuditActor.Host, None);
        while (heard.Count < 4)
        {
            await connection.WaitAsync();
        }

        string number = desk.Workspace.Value.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(["k" + number, "k" + number, "c" + number, "k" + number], heard);
    }

    [Fact(DisplayName = "A message that nobody of Weir's has sent is no message")]
    public async Task NonsenseIsNotHeard()
    {
        await using Node desk = await OpenAsync();
        long before = await ListensAsync(desk);
        WorkspaceId other = new(desk.Workspace.Value + 1);
        string number = desk.Workspace.Value.ToString(CultureInfo.InvariantCulture);
        foreach (string nonsense in (string[])["", "k", "kk", "k-" + number, "k99999999999", "x" + number, "k" + number + " ", number, "k" + other.Value.ToString(CultureInfo.InvariantCulture)])
        {
            Execute($"NOTIFY weir_changes, '{nonsense}'");
        }

        // The last one means something: by then all the others have been heard.
        await UntilAsync(() => ValueTask.FromResult(desk.Store.Changes.Stamp(other, Remembered.Keys) is { } now && now != before));
        Assert.Equal(before, await ListensAsync(desk));
    }

    private async Task<Node> OpenAsync() => new(await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => _database.NewStore(null)));

    private void Execute(string statement) => PostgreSqlCluster.Current.Execute(_database.Name, statement);

    private static long? Stamp(Node desk) => desk.Store.Changes.Stamp(desk.Workspace, Remembered.Keys);

    private static async Task<long> ListensAsync(Node desk)
    {
        long? stamp = null;
        await UntilAsync(() => ValueTask.FromResult((stamp = Stamp(desk)) is not null));
        return stamp!.Value;
    }

    /// <summary>It is good, and is remembered by a stamp.</summary>
    private static async Task RemembersAsync(Node desk, string text)
    {
        await ListensAsync(desk);
        Assert.NotNull(await desk.Keys.AuthenticateAsync(text, None));
    }

    private static ValueTask<(ApiKey Key, string Text)> CreateKeyAsync(Node desk, string name) =>
        desk.Keys.CreateAsync(desk.Desk.Get<StoreLifetime>().Default, name, true, KeyScopes.Read, AuditActor.Host, None);

    private static async ValueTask<(PortalToken Token, string Text)> CreateTokenAsync(Node desk) =>
        await desk.Desk.Get<PortalTokenService>().CreateAsync(desk.Desk.Get<StoreLifetime>().Default, Sample.Acme, null, PortalTokenService.DefaultLife, AuditActor.Host, None)
        ?? throw new InvalidOperationException();

    private static async Task UntilAsync(Func<ValueTask<bool>> holds)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(waited.Elapsed < s_limit, "It did not come true.");
            await Task.Delay(s_pause);
        }
    }

    /// <summary>What one node remembers, by a clock that stands still.</summary>
    private sealed class Node(UsageDesk desk) : IAsyncDisposable
    {
        public UsageDesk Desk => desk;

        public IWeirStore Store => desk.Store;

        public WorkspaceId Workspace => desk.Workspace;

        public KeyService Keys { get; } = new(desk.Store, new StandingClock());

        public CatalogService Catalogs { get; } = new(desk.Store, new StandingClock());

        public ValueTask DisposeAsync() => desk.DisposeAsync();
    }

    /// <summary>The time of day goes on; the one by which a node asks again does not.</summary>
    private sealed class StandingClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }

    private sealed class TickingClock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
