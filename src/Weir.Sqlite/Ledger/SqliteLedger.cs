using System.Runtime.CompilerServices;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteLedger(Writer writer, ReaderPool readers, LedgerMemory memory, Overlay overlay) : ILedgerStore
{
    public async ValueTask<ILedgerTransaction> BeginAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        if (writer.IsReadOnly)
        {
            return new ReadOnlyTransaction(writer);
        }

        await writer.EnterAsync(cancellationToken);
        try
        {
            return new LedgerTransaction(writer, memory, workspace.Value, writer.Begin());
        }
        catch
        {
            writer.Leave();
            throw;
        }
    }

    public async ValueTask CreateAccountsAsync(WorkspaceId workspace, IReadOnlyList<NewAccount> accounts, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                foreach (NewAccount account in accounts)
                {
                    if (AccountRows.FindId(connection, workspace.Value, account.Profile.Key) is null)
                    {
                        AccountRows.WriteProfile(connection, "Accounts/InsertProfile", workspace.Value, account.Account.Id, account.Profile);
                        AccountRows.InsertHead(connection, workspace.Value, account.Account);
                        AccountRows.WriteParts(connection, workspace.Value, new AccountWrite(AccountState.Of(account.Account), [], [])
                        {
                            Parts = account.Account.AlertRules.IsEmpty ? [] : [new StatePart(StatePartKind.AlertRules, 0)],
                        });
                        if (account.Audit is { } audit)
                        {
                            AuditRows.Append(connection, workspace.Value, memory.Now(), audit);
                        }
                    }
                }

                return true;
            },
            cancellationToken);

    public ValueTask<AccountState?> ReadStateAsync(WorkspaceId workspace, AccountKey account, CancellationToken cancellationToken)
    {
        if (memory.Accounts.TryGet((workspace.Value, account.Value), out RememberedAccount? known))
        {
            return ValueTask.FromResult<AccountState?>(known.At(memory.Now()).State);
        }

        return overlay.ReadAsync(
            workspace.Value,
            (connection, pending) => AccountRows.FindId(connection, workspace.Value, account) is { } id ? pending.StateOf(id, memory.Now()) : null,
            cancellationToken);
    }

    public async ValueTask<AccountState> ReadWorkspaceStateAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        if (memory.Accounts.TryGet((workspace.Value, ""), out RememberedAccount? known))
        {
            return known.At(memory.Now()).State;
        }

        return await overlay.ReadAsync(workspace.Value, (_, pending) => pending.StateOf(Account.WorkspaceHead, memory.Now()), cancellationToken)
            ?? throw new InvalidOperationException($"There is no workspace {workspace.Value} in this store.");
    }

    public ValueTask<Scopes> ReadScopesAsync(WorkspaceId workspace, AccountKey account, string? user, string? campaign, string? key, CancellationToken cancellationToken)
    {
        bool Knows(ScopeKind kind, string? name, out long id)
        {
            id = 0;
            return name is null || memory.Aliases.TryGet((workspace.Value, new Alias(account, kind, name)), out id);
        }

        if (Knows(ScopeKind.User, user, out long userId) & Knows(ScopeKind.Campaign, campaign, out long campaignId) & Knows(ScopeKind.Key, key, out long keyId))
        {
            return ValueTask.FromResult(new Scopes(userId, campaignId, keyId));
        }

        return readers.ReadAsync(
            connection =>
            {
                long IdOf(long id, ScopeKind kind, string? name) => name is null ? 0 : AccountRows.FindAlias(connection, workspace.Value, id, kind, name) ?? 0;
                return AccountRows.FindId(connection, workspace.Value, account) is { } id
                    ? new Scopes(IdOf(id, ScopeKind.User, user), IdOf(id, ScopeKind.Campaign, campaign), IdOf(id, ScopeKind.Key, key))
                    : default;
            },
            cancellationToken);
    }

    public ValueTask<IReadOnlyList<LedgerRecord>> ReadAsync(WorkspaceId workspace, LedgerFilter filter, CancellationToken cancellationToken) =>
        overlay.ReadAsync(workspace.Value, (connection, pending) => LogReader.Read(connection, pending, workspace.Value, filter), cancellationToken);

    public ValueTask<AccountKey?> FindOwnerAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) =>
        overlay.ReadAsync<AccountKey?>(
            workspace.Value,
            (connection, pending) =>
            {
                if (pending.FindId(Digest.Of(id.Value)) is not { Sequence: > 0 } found)
                {
                    return null;
                }

                Statement row = connection.Prepared("Ledger/FindOwner").Bind(1, workspace.Value).Bind(2, found.Sequence);
                if (!row.Step())
                {
                    return null;
                }

                AccountKey owner = new(row.Text(0));
                row.Reset();
                return owner;
            },
            cancellationToken);

    public ValueTask<LedgerRecord?> FindAsync(WorkspaceId workspace, EventId id, CancellationToken cancellationToken) =>
        overlay.ReadAsync(
            workspace.Value,
            (connection, pending) => pending.FindId(Digest.Of(id.Value)) is { Sequence: > 0 } found
                ? LogReader.ToRecords(connection, workspace.Value, EntryRows.ReadAll(connection, workspace.Value, [found.Sequence])) is [var record] ? record : null
                : null,
            cancellationToken);

    public ValueTask<IReadOnlyList<StoredEntry>> FollowAsync(WorkspaceId workspace, long after, int limit, CancellationToken cancellationToken)
    {
        if (memory.LastSequenceOf(workspace.Value) <= after)
        {
            return ValueTask.FromResult<IReadOnlyList<StoredEntry>>([]);
        }

        return readers.ReadAsync<IReadOnlyList<StoredEntry>>(
            connection => EntryRows.ReadAll(EntryRows.Select(connection, "Ledger/RowsAfter").Bind(1, workspace.Value).Bind(2, after).Bind(3, limit)),
            cancellationToken);
    }

    /// <summary>There is one writer: nothing is under way below what is committed.</summary>
    public ValueTask<IReadOnlyList<StoredEntry>?> ReadStretchesAsync(WorkspaceId workspace, IReadOnlyList<LogStretch> stretches, int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<StoredEntry>?>(
            connection =>
            {
                List<StoredEntry> entries = [];
                foreach (LogStretch stretch in stretches)
                {
                    if (entries.Count == limit)
                    {
                        break;
                    }

                    entries.AddRange(EntryRows.ReadAll(
                        EntryRows.Select(connection, "Ledger/RowsBetween").Bind(1, workspace.Value).Bind(2, stretch.First).Bind(3, stretch.Last).Bind(4, limit - entries.Count)));
                }

                return entries;
            },
            cancellationToken);

    public ValueTask<IReadOnlyDictionary<long, EntryHistory>> ReadEntriesAsync(WorkspaceId workspace, IReadOnlyCollection<long> sequences, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyDictionary<long, EntryHistory>>(
            connection => LogReader.ReadHistories(connection, workspace.Value, sequences.Distinct()).ToDictionary(history => history.Entry.Sequence),
            cancellationToken);

    public async IAsyncEnumerable<EntryHistory> ScanAsync(
        WorkspaceId workspace, IReadOnlyCollection<long>? accounts, Instant from, Instant to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int page = 500;
        long[] sequences = await overlay.ReadAsync(workspace.Value, (connection, pending) => LogReader.Scan(connection, pending, workspace.Value, accounts, from, to), cancellationToken);
        for (int start = 0; start < sequences.Length; start += page)
        {
            ArraySegment<long> part = new(sequences, start, Math.Min(page, sequences.Length - start));
            foreach (EntryHistory history in await readers.ReadAsync(connection => LogReader.ReadHistories(connection, workspace.Value, part), cancellationToken))
            {
                yield return history;
            }
        }
    }

    public ValueTask<long> LastSequenceAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        memory.LastSequenceOf(workspace.Value) is { } known
            ? ValueTask.FromResult(known)
            : readers.ReadAsync(connection => connection.Prepared("Ledger/LastSequence").Bind(1, workspace.Value).Scalar() ?? 0, cancellationToken);

    public async IAsyncEnumerable<(long Account, Balance Balance)> ReadBalancesAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach ((long, Balance) balance in await readers.ReadAsync(connection => BalanceReader.ReadAll(connection, workspace.Value), cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return balance;
        }
    }

    public ValueTask<IReadOnlyList<Balance>> ReadHistoryAsync(
        WorkspaceId workspace, AccountKey account, string? meter, Per? per, Instant from, Instant to, CancellationToken cancellationToken) =>
        overlay.ReadAsync(
            workspace.Value,
            (connection, pending) => AccountRows.FindId(connection, workspace.Value, account) is { } id
                ? BalanceReader.ReadHistory(connection, pending, workspace.Value, id, meter, per, from, to)
                : [],
            cancellationToken);

    public ValueTask<IReadOnlyList<OpenHold>> ReadHoldsAsync(WorkspaceId workspace, AccountKey? account, HoldCursor? after, int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<OpenHold>>(
            connection =>
            {
                long? id = account is { } key ? AccountRows.FindId(connection, workspace.Value, key) ?? -1 : null;
                Statement rows = connection.Prepared("Accounts/ReadHolds").Bind(1, workspace.Value).Bind(2, id).Bind(3, after?.AccountId ?? 0).Bind(4, after?.Number ?? 0).Bind(5, limit);
                List<OpenHold> holds = [];
                while (rows.Step())
                {
                    holds.Add(new OpenHold(new AccountKey(rows.Text(0)), rows.Int64(1), StateParts.ReadHold(rows.Int64(2), rows.Bytes(3))));
                }

                return holds;
            },
            cancellationToken);

    public async IAsyncEnumerable<(long Account, Grant Grant)> ReadGrantsAsync(WorkspaceId workspace, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<(long, Grant)> grants = await readers.ReadAsync(
            connection =>
            {
                List<(long, Grant)> found = [];
                Statement rows = connection.Prepared("Accounts/ReadGrants").Bind(1, workspace.Value);
                while (rows.Step())
                {
                    found.Add((rows.Int64(0), StateParts.ReadGrant(rows.Int64(1), rows.Bytes(2))));
                }

                return found;
            },
            cancellationToken);
        foreach ((long, Grant) grant in grants)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return grant;
        }
    }

    public ValueTask<IReadOnlyList<StoredEntry>> ReadDrawsAsync(WorkspaceId workspace, long grant, long after, int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<StoredEntry>>(
            connection => EntryRows.ReadAll(EntryRows.Select(connection, "Ledger/RowsOfGrant").Bind(1, workspace.Value).Bind(2, grant).Bind(3, after).Bind(4, limit)),
            cancellationToken);

    public ValueTask<Quantity> SumDrawsAsync(WorkspaceId workspace, long grant, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => new Quantity(connection.Prepared("Ledger/SumDraws").Bind(1, workspace.Value).Bind(2, grant).Scalar() ?? 0), cancellationToken);

    public ValueTask<IReadOnlyList<AccountKey>> ReadDueAsync(WorkspaceId workspace, Instant now, int limit, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<AccountKey>>(
            connection =>
            {
                Statement rows = connection.Prepared("Accounts/ReadDue").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(now)).Bind(3, limit);
                List<AccountKey> due = [];
                while (rows.Step())
                {
                    due.Add(new AccountKey(rows.Text(0)));
                }

                return due;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<DenialCount>> ReadDenialsAsync(WorkspaceId workspace, AccountKey? account, Instant from, Instant to, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<DenialCount>>(
            connection =>
            {
                long? id = account is { } key ? AccountRows.FindId(connection, workspace.Value, key) ?? -1 : null;
                Statement rows = connection.Prepared("Ledger/ReadDenialCounts").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(from)).Bind(3, Clock.ToMicros(to)).Bind(4, id);
                List<DenialCount> counts = [];
                while (rows.Step())
                {
                    counts.Add(new DenialCount(rows.Int64(0), Clock.FromMicros(rows.Int64(1)), rows.Text(2), (Refusal)rows.Int32(3), rows.Int64(4)));
                }

                return counts;
            },
            cancellationToken);
}
