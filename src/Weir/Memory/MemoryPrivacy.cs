using NodaTime;

namespace Weir;

internal sealed class MemoryPrivacy(MemoryStore store) : IPrivacyStore
{
    public ValueTask<IReadOnlyList<OpenErasure>> ReadOpenAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult<IReadOnlyList<OpenErasure>>([.. store.Of(workspace).Erasures.Open.Values.Select(open => open.Erasure)]);
        }
    }

    public ValueTask<int> EraseNextAsync(WorkspaceId workspace, long erasure, int limit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (!found.Erasures.Open.TryGetValue(erasure, out (OpenErasure Erasure, long Through) open))
            {
                return ValueTask.FromResult(0);
            }

            List<StoredEntry> next = [.. found.Entries.Skip(found.IndexAfter(open.Through)).Where(stored => stored.Entry.Account == open.Erasure.Account).Take(limit)];
            foreach (StoredEntry stored in next)
            {
                if (open.Erasure.User is not { } user)
                {
                    found.Replace(stored with { Entry = stored.Entry with { Reason = null, Actor = null }, Details = stored.Details.WithoutPersonalData() });
                }
                else if (stored.Entry.Scopes.User == user)
                {
                    found.Replace(stored with { Entry = stored.Entry with { Reason = null, Actor = null }, Details = stored.Details.WithoutUser() });
                }
            }

            found.Erasures.Open[erasure] = (open.Erasure, next.Count > 0 ? next[^1].Sequence : open.Through);
            return ValueTask.FromResult(next.Count);
        }
    }

    public ValueTask<int> PruneAsync(WorkspaceId workspace, RetentionKind kind, Instant before, int limit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            return ValueTask.FromResult(kind switch
            {
                RetentionKind.EventDetails => PruneDetails(found, before, limit),
                RetentionKind.Alerts => found.Inbox.Prune(before, limit),
                RetentionKind.PortalTokens => PruneTokens(found, before, limit),
                RetentionKind.Denials => PruneDenials(found, before, limit),
                _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
            });
        }
    }

    private static int PruneDetails(MemoryWorkspace found, Instant before, int limit)
    {
        List<StoredEntry> next = [.. found.Entries.Skip(found.IndexAfter(found.Erasures.DetailsThrough)).TakeWhile(stored => stored.Entry.RecordedAt < before).Take(limit)];
        foreach (StoredEntry stored in next)
        {
            found.Replace(stored with { Entry = stored.Entry with { Reason = null, Actor = null }, Details = stored.Details.WithoutPersonalData() });
            found.Erasures.DetailsThrough = stored.Sequence;
        }

        return next.Count;
    }

    private static int PruneTokens(MemoryWorkspace found, Instant before, int limit)
    {
        List<PortalToken> ended = [.. found.PortalTokens.Values.Where(token => token.ExpiresAt < before).Take(limit)];
        ended.ForEach(token => found.PortalTokens.Remove(token.Id));
        return ended.Count;
    }

    private static int PruneDenials(MemoryWorkspace found, Instant before, int limit)
    {
        int count = 0;
        for (; count < limit && found.RememberedDenials.TryPeek(out (Digest Id, Instant RecordedAt) oldest) && oldest.RecordedAt < before; count++)
        {
            found.Ids.Remove(found.RememberedDenials.Dequeue().Id);
        }

        return count;
    }

    public ValueTask<bool> EndAsync(WorkspaceId workspace, IReadOnlyCollection<long> erasures, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            foreach (long erasure in erasures)
            {
                store.Of(workspace).Erasures.Open.Remove(erasure);
            }
        }

        return ValueTask.FromResult(true);
    }
}

/// <summary>The erases of one workspace. Under the store's gate.</summary>
internal sealed class MemoryErasures
{
    private readonly HashSet<long> _accounts = [];
    private long _last;

    /// <summary>With the sequence number up to which details have gone.</summary>
    public SortedDictionary<long, (OpenErasure Erasure, long Through)> Open { get; } = [];

    /// <summary>Up to which entry retention has taken the details.</summary>
    public long DetailsThrough { get; set; }

    public bool HasErased(long account) => _accounts.Contains(account);

    public void Begin(Erasure erasure)
    {
        Open.Add(++_last, (new OpenErasure(_last, erasure.Account, erasure.User is null ? null : erasure.UserId == 0 ? OpenErasure.NobodyInTheLedger : erasure.UserId), 0));
        if (erasure.User is null)
        {
            _accounts.Add(erasure.Account);
        }
    }
}
