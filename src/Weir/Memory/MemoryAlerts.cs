using NodaTime;

namespace Weir;

internal sealed class MemoryAlerts(MemoryStore store) : IAlertStore
{
    public ValueTask AppendAsync(WorkspaceId workspace, IReadOnlyList<Alert> alerts, IReadOnlyList<Notification> notifications, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            found.Inbox.Append(alerts);
            found.Outbox.Append(notifications);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<StoredAlert>> ListAsync(WorkspaceId workspace, AlertFilter filter, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult<IReadOnlyList<StoredAlert>>(
            [
                .. store.Of(workspace).Inbox.Alerts.Reverse()
                    .Where(stored => (filter.Account is null || stored.Alert.Account == filter.Account)
                        && stored.Alert.IsShownTo(filter.OnlyUser)
                        && (filter.State is null || stored.Alert.StateAt(filter.Now) == filter.State)
                        && (filter.Kind is null || stored.Alert.Kind == filter.Kind)
                        && (!filter.Unread || stored.Alert.ReadAt is null)
                        && !(stored.Number >= filter.Before))
                    .Take(filter.Limit),
            ]);
        }
    }

    public ValueTask<StoredAlert?> FindAsync(WorkspaceId workspace, long account, string id, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).Inbox.Find(account, id));
        }
    }

    public ValueTask<StoredAlert?> AcknowledgeAsync(WorkspaceId workspace, long account, string id, Instant at, string by, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryInbox inbox = store.Of(workspace).Inbox;
            if (inbox.Find(account, id) is { Alert.AcknowledgedAt: null } found)
            {
                inbox.Replace(found with { Alert = found.Alert with { AcknowledgedAt = at, AcknowledgedBy = by, ReadAt = found.Alert.ReadAt ?? at } });
            }

            return ValueTask.FromResult(inbox.Find(account, id));
        }
    }

    public ValueTask<int> MarkReadAsync(WorkspaceId workspace, long account, IReadOnlyCollection<string>? ids, Instant at, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryInbox inbox = store.Of(workspace).Inbox;
            StoredAlert[] unread =
            [
                .. inbox.Alerts.Where(stored => stored.Alert.Account == account && stored.Alert.ReadAt is null
                    && (ids is null ? stored.Alert.RaisedAt <= at : ids.Contains(stored.Alert.Id))),
            ];
            foreach (StoredAlert stored in unread)
            {
                inbox.Replace(stored with { Alert = stored.Alert with { ReadAt = at } });
            }

            return ValueTask.FromResult(unread.Length);
        }
    }

    public ValueTask<AlertCounts> CountAsync(WorkspaceId workspace, long? account, long? onlyUser, Instant now, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            Alert[] raised = [.. store.Of(workspace).Inbox.Alerts.Select(stored => stored.Alert).Where(alert => (account is null || alert.Account == account) && alert.IsShownTo(onlyUser) && alert.StateAt(now) == AlertState.Raised)];
            return ValueTask.FromResult(new AlertCounts(raised.Length, raised.Count(alert => alert.ReadAt is null)));
        }
    }
}

/// <summary>The alerts of one workspace. Under the store's gate.</summary>
internal sealed class MemoryInbox
{
    private readonly Dictionary<string, long> _places = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, StoredAlert> _alerts = [];
    private long _last;

    public IEnumerable<StoredAlert> Alerts => _alerts.Values;

    public void Append(IReadOnlyList<Alert> alerts)
    {
        foreach (Alert alert in alerts)
        {
            if (!_places.TryGetValue(alert.Id, out long place))
            {
                if (alert.ResolvedAt is null)
                {
                    _places.Add(alert.Id, ++_last);
                    _alerts.Add(_last, new StoredAlert(_last, alert));
                }
            }
            else if (alert.ResolvedAt is not null && _alerts[place].Alert.ResolvedAt is null)
            {
                Replace(_alerts[place] with { Alert = _alerts[place].Alert with { ResolvedAt = alert.ResolvedAt, Resolution = alert.Resolution } });
            }
        }
    }

    public StoredAlert? Find(long account, string id) =>
        _places.TryGetValue(id, out long place) && _alerts[place].Alert.Account == account ? _alerts[place] : null;

    public void Replace(StoredAlert stored) => _alerts[stored.Number] = stored;

    /// <summary>Takes away what was over before a time; returns how many.</summary>
    public int Prune(Instant before, int limit)
    {
        List<StoredAlert> over = [.. _alerts.Values.Where(stored => (stored.Alert.ResolvedAt ?? stored.Alert.PeriodEnd) < before).Take(limit)];
        foreach (StoredAlert stored in over)
        {
            _alerts.Remove(stored.Number);
            _places.Remove(stored.Alert.Id);
        }

        return over.Count;
    }

    /// <summary>Nobody is left to read them.</summary>
    public void Remove(long account)
    {
        foreach (StoredAlert stored in _alerts.Values.Where(stored => stored.Alert.Account == account).ToList())
        {
            _alerts.Remove(stored.Number);
            _places.Remove(stored.Alert.Id);
        }
    }
}
