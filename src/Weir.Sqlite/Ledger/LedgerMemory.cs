using System.Collections.Concurrent;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>
/// What the store knows without asking the file. It holds committed facts only, and everything in it can be read from the file again.
/// </summary>
internal sealed class LedgerMemory
{
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<int, long> _lastSequences = new();
    private readonly ConcurrentDictionary<int, int> _activeCatalogs = new();
    private long _clock = long.MinValue;

    public LedgerMemory(SqliteStoreOptions options, TimeProvider time)
    {
        _time = time;
        Pending = new Pending(options.SliceRows);
        Accounts = new Remembered<(int Workspace, string Key), RememberedAccount>(options.RememberedAccounts);
        Aliases = new Remembered<(int Workspace, Alias Alias), long>(options.RememberedAliases);
        Tickets = new MemoryTickets(Now);
    }

    public Pending Pending { get; }

    /// <summary>By workspace and the host's key; the workspace's own head has the key "".</summary>
    public Remembered<(int Workspace, string Key), RememberedAccount> Accounts { get; }

    public Remembered<(int Workspace, Alias Alias), long> Aliases { get; }

    /// <summary>Who waits does so in the one process that writes the file; nothing of it stands in the file.</summary>
    public MemoryTickets Tickets { get; }

    /// <summary>Meters that stand in <c>used_meters</c>. By the writer.</summary>
    public HashSet<(int Workspace, string Meter)> UsedMeters { get; } = [];

    public long LastSequence { get; set; }

    public long LastDenial { get; set; }

    public long LastBatch { get; set; }

    /// <summary>The store's clock in whole microseconds; it never runs back.</summary>
    public Instant Now()
    {
        long now = Clock.ToMicros(Instant.FromDateTimeOffset(_time.GetUtcNow()));
        long before = Volatile.Read(ref _clock);
        while (now > before)
        {
            long seen = Interlocked.CompareExchange(ref _clock, now, before);
            if (seen == before)
            {
                return Clock.FromMicros(now);
            }

            before = seen;
        }

        return Clock.FromMicros(before);
    }

    /// <summary>The newest entry of a workspace, where the writer has written one since it started; else null.</summary>
    public long? LastSequenceOf(int workspace) => _lastSequences.TryGetValue(workspace, out long sequence) ? sequence : null;

    public void Wrote(int workspace, long lastSequence) => _lastSequences[workspace] = lastSequence;

    /// <summary>The active catalog version of a workspace, where it is known: every request asks for it.</summary>
    public int? ActiveCatalogOf(int workspace) => _activeCatalogs.TryGetValue(workspace, out int version) ? version : null;

    /// <summary>What a reader has found. The writer may know better by now, and then that stays.</summary>
    public void FoundActiveCatalog(int workspace, int version) => _activeCatalogs.TryAdd(workspace, version);

    /// <summary>What the writer has committed, or sees under its lock.</summary>
    public void SetActiveCatalog(int workspace, int version) => _activeCatalogs[workspace] = version;

    /// <summary>Forgets an account, or one user of it, that an erase took away. By the writer.</summary>
    public void Forget(int workspace, Erasure erasure)
    {
        if (erasure.User is { } user)
        {
            Aliases.Remove(key => key == (workspace, new Alias(erasure.Key, ScopeKind.User, user)));
        }
        else
        {
            Accounts.Remove(key => key == (workspace, erasure.Key.Value));
            Aliases.Remove(key => key.Workspace == workspace && key.Alias.Account == erasure.Key);
        }
    }

    /// <summary>Begins anew from a file whose tables are complete. By the writer.</summary>
    public void Restart(Connection connection)
    {
        Statement row = connection.Prepared("Ledger/LastNumbers");
        row.Step();
        LastSequence = row.Int64(0);
        LastDenial = row.Int64(1);
        LastBatch = row.Int64(2);
        long recorded = row.Int64(3);
        row.Reset();
        if (recorded > Volatile.Read(ref _clock))
        {
            Volatile.Write(ref _clock, recorded);
        }

        _lastSequences.Clear();
        _activeCatalogs.Clear();
        UsedMeters.Clear();
        row = connection.Prepared("Ledger/ReadUsedMeters");
        while (row.Step())
        {
            UsedMeters.Add((row.Int32(0), row.Text(1)));
        }

        Accounts.Clear();
        Aliases.Clear();
        Pending.Clear();
    }
}
