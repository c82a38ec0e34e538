using System.Data;
using System.Runtime.CompilerServices;

using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlLedger(Database database, ActiveCatalogs active) : ILedgerStore
{
    /// <summary>Numbers that a batch takes beside one for each command: for what it finds expired or opens.</summary>
    private const int SpareNumbers = 16;

    private const int Page = 500;

    private readonly OwnerLookup _owners = new(database);

    private long _mostRows;

    public ActiveCatalogs Active => active;

    public Partitions Partitions { get; } = new(database);

    /// <summary>Those of batches.</summary>
    public KeptPlans Plans { get; } = new(64);

    public ExpectedRepeats Repeats { get; set; } = new();

    public UsedMeters Meters { get; } = new();

    public RecentStates Recent { get; } = new(TimeProvider.System);

    public async ValueTask<ILedgerTransaction> BeginAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        NpgsqlConnection? connection = null;
        try
        {
            connection = await database.OpenForBatchAsync(cancellationToken);
            NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
            return new LedgerTransaction(this, connection, transaction, new Session(connection, transaction, workspace.Value, database.Time, CancellationToken.None) { Patience = database.BatchSeconds });
        }
        catch (Exception e)
        {
            Exception failure = e;
            if (connection is not null)
            {
                failure = FailureOn(connection, e);
                await connection.DisposeAsync();
            }

            if (Failures.AsUnavailable(failure) is { } unavailable)
            {
                throw unavailable;
            }

            throw;
        }
    }

    /// <summary>See <see cref="Database.FailureOn"/>.</summary>
    public Exception FailureOn(NpgsqlConnection connection, Exception exception) => database.FailureOn(connection, exception);

    /// <summary>How many numbers a transaction takes before it knows how many rows it will write.</summary>
    public long NumbersFor(LedgerLoad load) => Math.Max(Interlocked.Read(ref _mostRows), Math.Max(load.Accounts.Count, load.Ids.Count + load.Targets.Count) + SpareNumbers);

    /// <summary>Whether they suffice. When not, the next ones take more, so that the batch need only be decided once again.</summary>
    public bool HasNumbersFor(long rows, long numbers)
    {
        long most = Interlocked.Read(ref _mostRows);
        Interlocked.CompareExchange(ref _mostRows, Math.Max(rows, most - (most / 8)), most);
        return rows <= numbers;
    }

    public async ValueTask CreateAccountsAsync(WorkspaceId workspace, IReadOnlyList<NewAccount> accounts, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                HashSet<long> made = [];
                await using (NpgsqlBatch batch = session.Batch())
                {
                    batch.BatchCommands.Add(LedgerRows.Profiles(session, "Accounts/InsertProfiles", [.. accounts.Select(account => (account.Account.Id, account.Profile))]));
                    await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync();
                    made.UnionWith(await Session.ReadAllAsync(reader, row => row.Long(0), CancellationToken.None));
                }

                NewAccount[] added = [.. accounts.Where(account => made.Contains(account.Account.Id))];
                if (added.Length == 0)
                {
                    return true;
                }

                List<NpgsqlBatchCommand> commands = [AccountRows.InsertHeads(session, [.. added.Select(account => account.Account)])];
                (long, StatePart, Instant?, byte[])[] rules =
                [
                    .. added.Where(account => !account.Account.AlertRules.IsEmpty)
                        .Select(account => (account.Account.Id, new StatePart(StatePartKind.AlertRules, 0), (Instant?)null, StateParts.Write(AccountState.Of(account.Account), new StatePart(StatePartKind.AlertRules, 0), out _)!)),
                ];
                if (rules.Length > 0)
                {
                    commands.Add(AccountRows.WriteParts(session, rules));
                    commands.Add(session.Own("Accounts/NoteRows", Value.Longs(rules.Select(rule => rule.Item1))));
                }

                await session.RunAllAsync(commands);
                await AuditRows.AppendAsync(session, await session.NowAsync(), [.. added.Where(account => account.Audit is not null).Select(account => account.Audit!)]);
                return true;
            },
            cancellationToken);

    public ValueTask<AccountState?> ReadStateAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken) =>
        database.ReadAsync(
            workspace,
            async session => (await AccountRows.ReadHeadsAsync(session, [account])).TryGetValue(account, out LoadedAccount? found)
                ? (await AccountRows.StatesAsync(session, [found]))[found.Head.Id]
                : null,
            cancellationToken);

    public ValueTask<AccountState> ReadWorkspaceStateAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.ReadAsync(
            workspace, async session => (await AccountRows.StatesAsync(session, [await AccountRows.ReadWorkspaceHeadAsync(session)]))[Account.WorkspaceHead], cancellationToken, byKeys: true);

    public async ValueTask<Scopes> ReadScopesAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken) =>
        AliasRows.Parameters(account, user, campaign, key) is { } parameters
            ? AliasRows.ToScopes(await database.ListAsync(workspace, AliasRows.Statement, AliasRows.Read, cancellationToken, parameters))
            : default;

    public ValueTask<RecentState> ReadRecentAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken)
    {
        RecentStates.Asked asked = new(workspace.Value, account, user, campaign, key);
        return Recent.Find(asked) is { } known ? ValueTask.FromResult(known) : ReadAsync(workspace, asked, cancellationToken);
    }

    private async ValueTask<RecentState> ReadAsync(WorkspaceId workspace, RecentStates.Asked asked, CancellationToken cancellationToken)
    {
        RecentStates.Mark mark = Recent.Now(asked);
        RecentState read = await database.ReadAsync(
            workspace,
            async session =>
            {
                LoadedAccount head = await AccountRows.ReadWorkspaceHeadAsync(session);
                LoadedAccount? found = (await AccountRows.ReadHeadsAsync(session, [asked.Account])).GetValueOrDefault(asked.Account);
                Instant now = await session.NowAsync();
                Dictionary<long, AccountState> states = await AccountRows.StatesAsync(session, found is null ? [head] : [head, found], now);
                Scopes scopes = AliasRows.Parameters(asked.Account, asked.User, asked.Campaign, asked.Key) is { } parameters
                    ? AliasRows.ToScopes(await session.ListAsync(AliasRows.Statement, AliasRows.Read, parameters))
                    : default;
                return new RecentState(found is null ? null : states[found.Head.Id], states[head.Head.Id], scopes, now);
            },
            cancellationToken);
        Recent.Keep(asked, read, mark);
        return read;
    }

    public ValueTask<IReadOnlyList<LedgerRecord>> ReadAsync(WorkspaceId workspace, LedgerFilter filter, CancellationToken cancellationToken) =>
        database.ReadEntriesAsync(workspace, session => LogReader.ReadAsync(session, filter), cancellationToken);

    public async ValueTask<AccountKey?> FindOwnerAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) =>
        await _owners.FindAsync(workspace, Digest.Of(id.Value), cancellationToken);

    public ValueTask<LedgerRecord?> FindAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) =>
        database.ReadEntriesAsync(
            workspace,
            async session => await session.FindAsync("Ledger/FindIds", FoundId.Read, Value.Digests([Digest.Of(id.Value)])) is { Sequence: not null } found
                && await LogReader.ToRecordsAsync(session, await EntryRows.ByIdAsync(session, [found])) is [var record]
                ? record
                : null,
            cancellationToken, byKeys: true);

    public async ValueTask<IReadOnlyList<StoredEntry>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken) =>
        (await database.FollowAsync(workspace, "Ledger/SelectEntries:Ledger/RowsAfter", EntryRows.Read, cancellationToken, Value.Long(after), Value.Int(limit))).Rows;

    public async ValueTask<IReadOnlyList<StoredEntry>?> ReadStretchesAsync(WorkspaceId workspace, IReadOnlyList<LogStretch> stretches, int limit, CancellationToken cancellationToken)
    {
        long needed = stretches.Count == 0 ? 0 : stretches[^1].Last;
        (long horizon, List<StoredEntry> entries) = await database.FollowAsync(
            workspace, "Ledger/SelectStretches", EntryRows.Read, cancellationToken,
            Value.Longs(stretches.Select(stretch => stretch.First)), Value.Longs(stretches.Select(stretch => stretch.Last)), Value.Int(limit), Value.Long(needed));
        return horizon < needed ? null : entries;
    }

    public ValueTask<IReadOnlyDictionary<long, EntryHistory>> ReadEntriesAsync(WorkspaceId workspace, IReadOnlyCollection<long> sequences, CancellationToken cancellationToken) =>
        database.ReadEntriesAsync<IReadOnlyDictionary<long, EntryHistory>>(
            workspace, async session => (await LogReader.ReadHistoriesAsync(session, sequences.Distinct())).ToDictionary(history => history.Entry.Sequence), cancellationToken);

    public async IAsyncEnumerable<EntryHistory> ScanAsync(
        WorkspaceId workspace, IReadOnlyCollection<long>? accounts, Instant from, Instant to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<long> sequences = await database.ReadEntriesAsync(workspace, session => LogReader.ScanAsync(session, accounts, from, to), cancellationToken);
        foreach (long[] page in sequences.Chunk(Page))
        {
            foreach (EntryHistory history in await database.ReadEntriesAsync(workspace, session => LogReader.ReadHistoriesAsync(session, page), cancellationToken))
            {
                yield return history;
            }
        }
    }

    public ValueTask<long> LastSequenceAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Ledger/LastSequence", row => row.Long(0), cancellationToken);

    public async IAsyncEnumerable<(long Account, Balance Balance)> ReadBalancesAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach ((long, Balance) balance in await database.ReadAsync(workspace, BalanceReader.ReadAllAsync, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return balance;
        }
    }

    public ValueTask<IReadOnlyList<Balance>> ReadHistoryAsync(
        WorkspaceId workspace, AccountKey account, string? meter, Per? per, Instant from, Instant to, CancellationToken cancellationToken) =>
        database.ReadAsync(
            workspace,
            async session => await AccountRows.FindIdAsync(session, account) is { } id ? await BalanceReader.ReadHistoryAsync(session, id, meter, per, from, to) : [],
            cancellationToken);

    public ValueTask<IReadOnlyList<OpenHold>> ReadHoldsAsync(WorkspaceId workspace, AccountKey? account, HoldCursor? after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<OpenHold>>(
            workspace,
            async session =>
            {
                long? id = account is { } key ? await AccountRows.FindIdAsync(session, key) ?? -1 : null;
                return await session.ListAsync(
                    "Accounts/ReadHolds", row => new OpenHold(new AccountKey(row.Text(0)), row.Long(1), StateParts.ReadHold(row.Long(2), row.Bytes(3))),
                    Value.Long(id), Value.Long(after?.AccountId ?? 0), Value.Long(after?.Number ?? 0), Value.Int(limit));
            },
            cancellationToken);

    public async IAsyncEnumerable<(long Account, Grant Grant)> ReadGrantsAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach ((long, Grant) grant in await database.ListAsync(workspace, "Accounts/ReadGrants", row => (row.Long(0), StateParts.ReadGrant(row.Long(1), row.Bytes(2))), cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return grant;
        }
    }

    public async ValueTask<IReadOnlyList<StoredEntry>> ReadDrawsAsync(WorkspaceId workspace, long grant, long after, int limit, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Ledger/SelectEntries:Ledger/RowsOfGrant", EntryRows.Read, cancellationToken, Value.Long(grant), Value.Long(after), Value.Int(limit));

    public async ValueTask<Quantity> SumDrawsAsync(WorkspaceId workspace, long grant, CancellationToken cancellationToken) =>
        new(await database.FindAsync(workspace, "Ledger/SumDraws", row => row.Long(0), cancellationToken, Value.Long(grant)));

    public async ValueTask<IReadOnlyList<AccountKey>> ReadDueAsync(WorkspaceId workspace, Instant now, int limit, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Accounts/ReadDue", row => new AccountKey(row.Text(0)), cancellationToken, Value.Time(now), Value.Int(limit));

    public ValueTask<IReadOnlyList<DenialCount>> ReadDenialsAsync(WorkspaceId workspace, AccountKey? account, Instant from, Instant to, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<DenialCount>>(
            workspace,
            async session =>
            {
                long? id = account is { } key ? await AccountRows.FindIdAsync(session, key) ?? -1 : null;
                return await session.ListAsync(
                    "Ledger/ReadDenialCounts", row => new DenialCount(row.Long(0), row.Time(1), row.Text(2), (Refusal)row.Int(3), row.Long(4)),
                    Value.Time(from), Value.Time(to), Value.Long(id));
            },
            cancellationToken);
}
