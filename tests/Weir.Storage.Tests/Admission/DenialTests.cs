using System.Globalization;
using System.Text.RegularExpressions;

using FsCheck;
using FsCheck.Fluent;

using NodaTime;

using Weir.Engine;
using Weir.Engine.Tests;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>Denials through the services: alone, and in one commit with others. The engine's law over many cases is in DenialLaws.</summary>
public abstract partial class DenialTests
{
    private const int Cases = 12;
    private const int Alone = 25;
    private const int Together = 6;
    private const int Batches = 4;

    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 1, 0, 0);

    private static Gen<(GeneratedLimits Limits, Demand[] Alone, Demand[][] Batches)> All { get; } =
        from limits in GeneratedLimits.Any
        from alone in Demand.Any.ArrayOf(Alone)
        from batches in Demand.Any.ArrayOf(Together).ArrayOf(Batches)
        select (limits, alone, batches);

    [Fact(DisplayName = "BAL-2, RATE-1, SLOT-1: whatever a store keeps, a request that one of two to five limits denied took nothing, alone and in a batch")]
    public void NothingTaken()
    {
        HashSet<(DemandKind, bool Batched)> denied = [];
        Law.Holds(All, run => Wait(() => RunAsync(run.Limits.Catalog, run.Alone, run.Batches, denied)), Cases);

        // The law says something only where there was something to deny.
        Assert.Superset(
            new HashSet<(DemandKind, bool)>(from kind in new[] { DemandKind.Consume, DemandKind.BestEffort, DemandKind.Reserve, DemandKind.Grow } from batched in new[] { false, true } select (kind, batched)) { (DemandKind.Check, false) },
            denied);
    }

    private protected abstract IWeirStore NewStore(TimeProvider time);

    private static void Wait(Func<Task> run) => Task.Run(run).GetAwaiter().GetResult();

    private async Task RunAsync(string catalog, Demand[] alone, Demand[][] batches, HashSet<(DemandKind, bool)> denied)
    {
        await using Desk whole = await Desk.OpenAsync(catalog, NewStore);
        foreach (Demand demand in alone)
        {
            whole.Usage.Clock.Advance(Duration.FromSeconds((long)demand.Seconds));
            AccountState[] before = await whole.StatesAsync();
            if (whole.Prepare(demand) is { } asked && await whole.DoAsync(asked) is { Failure: null, Allowed: var allowed } && (!allowed || demand.Kind == DemandKind.Check))
            {
                foreach ((AccountState was, AccountState now) in before.Zip(await whole.StatesAsync()))
                {
                    Same.State(was, now);
                }

                if (!allowed)
                {
                    denied.Add((demand.Kind, false));
                }
            }
        }

        foreach (Demand[] batch in batches)
        {
            whole.Usage.Clock.Advance(Duration.FromSeconds((long)batch[0].Seconds));
            Asked[] asked = [.. batch.Select(whole.Prepare).OfType<Asked>().Where(one => one.Demand.Kind != DemandKind.Check)];
            Outcome[] outcomes = await Task.WhenAll(asked.Select(whole.DoAsync));
            denied.UnionWith(asked.Zip(outcomes).Where(one => one.Second is { Failure: null, Allowed: false }).Select(one => (one.First.Demand.Kind, true)));
        }

        // The same in the order of the ledger, without those that were denied.
        await using Desk without = await Desk.OpenAsync(catalog, NewStore);
        foreach ((Asked asked, Instant at) in await whole.TakenAsync())
        {
            without.Usage.Clock.Now = at;
            Assert.True((await without.DoAsync(asked)).Allowed);
        }

        // A store may leave out of what it reads a rate whose window has passed.
        without.Usage.Clock.Now = whole.Usage.Clock.Now;
        Assert.Equal(await whole.DumpAsync(), await without.DumpAsync());
        await whole.Usage.Projector.CatchUpAsync(whole.Usage.Workspace, CancellationToken.None);
        Assert.True((await whole.Usage.Get<Verifier>().VerifyAsync(whole.Usage.Workspace, CancellationToken.None)).IsClean);
    }

    /// <summary>A demand with its id and the reservation that it is about.</summary>
    private sealed record Asked(Demand Demand, string Id, string Target);

    private sealed partial class Desk(UsageDesk usage) : IAsyncDisposable
    {
        private static readonly string[] s_accounts = ["first", "second"];

        private readonly List<(string Id, int Account, Instant End)> _open = [];
        private readonly Dictionary<(long Account, Instant RecordedAt), (Asked Asked, Instant At)> _taken = [];
        private int _next;

        public UsageDesk Usage => usage;

        public static async Task<Desk> OpenAsync(string catalog, Func<TimeProvider, IWeirStore> store)
        {
            UsageDesk usage = await UsageDesk.OpenAsync(s_start, store, catalog);
            foreach (string account in s_accounts)
            {
                await usage.Get<AccountService>().ChangeAsync(usage.Workspace, new AccountKey(account), new AccountChange { Plan = "tight" }, null, true, AuditActor.Host, CancellationToken.None);
            }

            return new Desk(usage);
        }

        /// <summary>Null when it would be about a reservation and none is live.</summary>
        public Asked? Prepare(Demand demand)
        {
            string[] live = [.. _open.Where(open => open.Account == demand.Account && open.End > usage.Clock.Now + Duration.FromMilliseconds(1)).Select(open => open.Id)];
            string target = live.Length == 0 ? "" : live[demand.Pick % live.Length];
            return demand.Kind is DemandKind.Grow or DemandKind.Commit or DemandKind.Release && target.Length == 0 ? null
                : demand is { Kind: DemandKind.Give, N: 0 } ? null
                : new Asked(demand, $"d{_next++}", target);
        }

        public async Task<Outcome> DoAsync(Asked asked)
        {
            (Demand demand, Instant at) = (asked.Demand, usage.Clock.Now);
            Outcome outcome = await AskAsync(asked);
            lock (_taken)
            {
                if (outcome is { Entry: { } entry } && demand.Kind != DemandKind.Check)
                {
                    _taken.Add((entry.Account, entry.RecordedAt), (asked, at));
                }

                if (outcome.Entry is { Kind: EntryKind.Reservation, Reservation: { } terms })
                {
                    _open.Add((asked.Id, demand.Account, terms.ExpiresAt));
                }
                else if (outcome.Entry is { Kind: EntryKind.Commit or EntryKind.Release })
                {
                    _open.RemoveAll(open => open.Id == asked.Target);
                }
            }

            return outcome;
        }

        public async Task<AccountState[]> StatesAsync() =>
        [
            (await usage.Store.Ledger.ReadStateAsync(usage.Workspace, new AccountKey(s_accounts[0]), CancellationToken.None))!,
            (await usage.Store.Ledger.ReadStateAsync(usage.Workspace, new AccountKey(s_accounts[1]), CancellationToken.None))!,
            await usage.Store.Ledger.ReadWorkspaceStateAsync(usage.Workspace, CancellationToken.None),
        ];

        /// <summary>What took effect, in the order of the ledger.</summary>
        public async Task<List<(Asked Asked, Instant At)>> TakenAsync()
        {
            IReadOnlyList<StoredEntry> log = await LogAsync();
            Assert.Equal(_taken.Count, log.Count);
            return [.. log.Select(stored => _taken[(stored.Entry.Account, stored.Entry.RecordedAt)])];
        }

        /// <summary>The states in words that do not depend on the random ids of users and leases, nor on gaps between the numbers of entries.</summary>
        public async Task<string> DumpAsync()
        {
            string text = string.Join('\n', (await StatesAsync()).Select(StateText.Of));
            foreach ((int place, StoredEntry stored) in (await LogAsync()).Index())
            {
                if (stored.Sequence != place + 1)
                {
                    text = text.Replace(stored.Sequence.ToString(CultureInfo.InvariantCulture), (place + 1).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
                }

                foreach ((long id, string? name) in new[] { (stored.Entry.Scopes.User, stored.Details.User), (stored.Entry.Scopes.Campaign, stored.Details.Campaign) }.Where(scope => scope.Item2 is not null))
                {
                    text = text.Replace(id.ToString(CultureInfo.InvariantCulture), name, StringComparison.Ordinal);
                }
            }

            return string.Join('\n', LeaseName().Replace(text, "lease").Split('\n').Order(StringComparer.Ordinal));
        }

        public ValueTask DisposeAsync() => usage.DisposeAsync();

        private async Task<IReadOnlyList<StoredEntry>> LogAsync() => await usage.Store.Ledger.FollowAsync(usage.Workspace, 0, 1000, CancellationToken.None);

        private async Task<Outcome> AskAsync(Asked asked)
        {
            Demand demand = asked.Demand;
            AccountKey account = new(s_accounts[demand.Account]);
            EventDetails details = new() { User = demand.User == 0 ? null : $"u{demand.User}", Campaign = demand.Campaign == 0 ? null : "spring" };
            UsageEvent e = new() { Id = new EventId(asked.Id), Account = account, Type = "go", Properties = demand.Properties, Details = details };
            ReservationService reservations = usage.Get<ReservationService>();
            AdmissionService admission = usage.Get<AdmissionService>();
            switch (demand.Kind)
            {
                case DemandKind.Check:
                    return (await admission.CheckAsync(usage.Workspace, e, ConsumeMode.Enforce, CancellationToken.None)).Outcome;
                case DemandKind.Record:
                    return (await admission.RecordAsync(usage.Workspace, [e], CancellationToken.None))[0];
                case DemandKind.Reserve:
                    return await reservations.ReserveAsync(usage.Workspace, new ReservationRequest { Event = e, Ttl = Duration.FromSeconds(1 + ((long)demand.Pick * 4)) }, CancellationToken.None);
                case DemandKind.Grow:
                    return await reservations.GrowAsync(usage.Workspace, new EventId(asked.Target), new EventId(asked.Id), demand.Properties, null, null, CancellationToken.None);
                case DemandKind.Commit:
                    ReservationEnd end = new() { Properties = demand.Properties, Overrun = demand.User == 0 ? Overrun.Consume : Overrun.Reject };
                    return await reservations.CommitAsync(usage.Workspace, new EventId(asked.Target), end, CancellationToken.None);
                case DemandKind.Release:
                    return await reservations.ReleaseAsync(usage.Workspace, new EventId(asked.Target), null, null, CancellationToken.None);
                case DemandKind.Give:
                    GrantRequest grant = new() { Meter = "credits", Amount = demand.N / 2m, Expiry = s_start + Duration.FromDays(30 + demand.Pick), BeforePlan = demand.M > 2 };
                    return await usage.Get<GrantService>().GiveAsync(usage.Workspace, new EventId(asked.Id), account, grant, null, AuditActor.Host, CancellationToken.None);
                default:
                    return await admission.ConsumeAsync(usage.Workspace, e, demand.Kind == DemandKind.BestEffort ? ConsumeMode.BestEffort : ConsumeMode.Enforce, CancellationToken.None);
            }
        }

        [GeneratedRegex("lease_[0-9a-f]+", RegexOptions.None, 1000)]
        private static partial Regex LeaseName();
    }
}

public sealed class MemoryDenialTests : DenialTests
{
    private protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}

public sealed class PostgreSqlDenialTests : DenialTests, IDisposable
{
    private readonly List<PostgreSqlDatabase> _databases = [];

    public void Dispose() => _databases.ForEach(database => database.Dispose());

    private protected override IWeirStore NewStore(TimeProvider time)
    {
        _databases.Add(new PostgreSqlDatabase());
        _databases[^1].NumberApart();
        return _databases[^1].NewHastyStore(time);
    }
}

public sealed class SqliteDenialTests : DenialTests, IDisposable
{
    private readonly List<SqliteFolder> _folders = [];

    public void Dispose() => _folders.ForEach(folder => folder.Dispose());

    private protected override IWeirStore NewStore(TimeProvider time)
    {
        _folders.Add(new SqliteFolder());
        return new SqliteStore(_folders[^1].Options, time);
    }
}
