using NodaTime;

namespace Weir;

/// <summary>The outbox of one workspace and what is on its way out. Under the store's gate.</summary>
internal sealed class MemoryOutbox
{
    private readonly Dictionary<string, long> _sequences = new(StringComparer.Ordinal);
    private readonly HashSet<(string Target, long Sequence)> _claimed = [];
    private long _last;

    public SortedDictionary<long, StoredNotification> Notifications { get; } = [];

    public Dictionary<string, long> Followers { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Webhook> Webhooks { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Contact> Contacts { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<(string Target, long Sequence), Delivery> Deliveries { get; } =
        new(Comparer<(string Target, long Sequence)>.Create((a, b) => string.CompareOrdinal(a.Target, b.Target) is not 0 and int order ? order : a.Sequence.CompareTo(b.Sequence)));

    public void Append(IReadOnlyList<Notification> notifications)
    {
        foreach (Notification notification in notifications)
        {
            if (_sequences.TryAdd(notification.Id, _last + 1))
            {
                _last++;
                Notifications.Add(_last, new StoredNotification(_last, notification with { Data = notification.Data.ToArray() }));
            }
        }
    }

    public bool Move(string follower, long from, long to)
    {
        if (Followers.GetValueOrDefault(follower) != from)
        {
            return false;
        }

        Followers[follower] = to;
        return true;
    }

    public IEnumerable<Delivery> Of(string target) => Deliveries.Values.Where(delivery => delivery.Target == target);

    public void Make(string target, long sequence, Instant now)
    {
        if ((Webhooks.ContainsKey(target) || Contacts.ContainsKey(target)) && Notifications.TryGetValue(sequence, out StoredNotification? message))
        {
            Deliveries.TryAdd((target, sequence), new Delivery { Target = target, Message = message, State = DeliveryState.Pending, Attempts = 0, NextAttemptAt = now, CreatedAt = now });
        }
    }

    /// <summary>The delivery of a message, made or made to wait again; null when there is no such message or target.</summary>
    public Delivery? Again(string target, string message, Instant now)
    {
        if (!_sequences.TryGetValue(message, out long sequence))
        {
            return null;
        }

        Make(target, sequence, now);
        _claimed.Remove((target, sequence));
        return Deliveries.TryGetValue((target, sequence), out Delivery? delivery)
            ? Deliveries[(target, sequence)] = delivery with { State = DeliveryState.Pending, TriedSince = null, NextAttemptAt = now, FinishedAt = null }
            : null;
    }

    public Delivery Begin(Delivery delivery, Instant now, Instant until)
    {
        _claimed.Add((delivery.Target, delivery.Message.Sequence));
        return Deliveries[(delivery.Target, delivery.Message.Sequence)] = delivery with
        {
            Attempts = delivery.Attempts + 1,
            TriedSince = delivery.TriedSince ?? now,
            NextAttemptAt = until,
        };
    }

    public bool Finish(DeliveryResult result)
    {
        if (!Deliveries.TryGetValue((result.Target, result.Sequence), out Delivery? delivery)
            || delivery.State != DeliveryState.Pending || delivery.Attempts != result.Attempt.Number || !_claimed.Remove((result.Target, result.Sequence)))
        {
            return false;
        }

        bool pending = result.State == DeliveryState.Pending;
        Instant ended = result.Attempt.At + result.Attempt.Took;
        Deliveries[(result.Target, result.Sequence)] = delivery with
        {
            State = result.State,
            NextAttemptAt = pending ? result.NextAttemptAt : null,
            FinishedAt = pending ? null : ended,
            Log = [.. delivery.Log.Append(result.Attempt).TakeLast(DeliveryAttempt.MostKept)],
        };
        if (Webhooks.TryGetValue(result.Target, out Webhook? webhook))
        {
            if (result.State == DeliveryState.Delivered)
            {
                Webhooks[webhook.Id] = webhook with { LastSuccessAt = ended };
            }
            else if (result.Disable is { } disable && webhook.Disabled is null && !(webhook.LastSuccessAt >= disable.UnlessSuccessSince))
            {
                Webhooks[webhook.Id] = webhook with { Disabled = disable.Reason, DisabledAt = ended };
                FailPending(webhook.Id, ended);
                Append([disable.Notification]);
            }
        }

        return true;
    }

    /// <summary>All contacts of an account from now on; returns how many there were.</summary>
    public int Replace(long account, IReadOnlyList<Contact> contacts)
    {
        Dictionary<string, Contact> before = Contacts.Values.Where(contact => contact.Account == account).ToDictionary(contact => contact.Address, StringComparer.Ordinal);
        int count = before.Count;
        foreach (Contact contact in contacts)
        {
            if (before.Remove(contact.Address, out Contact? known))
            {
                Contacts[known.Id] = known with { Types = contact.Types };
            }
            else
            {
                Contacts.Add(contact.Id, contact);
            }
        }

        foreach (Contact gone in before.Values)
        {
            Contacts.Remove(gone.Id);
            RemoveDeliveries(gone.Id);
        }

        return count;
    }

    public void FailPending(string target, Instant now)
    {
        foreach (Delivery delivery in Of(target).Where(delivery => delivery.State == DeliveryState.Pending).ToList())
        {
            Deliveries[(target, delivery.Message.Sequence)] = delivery with { State = DeliveryState.Failed, NextAttemptAt = null, FinishedAt = now };
        }
    }

    public void RemoveDeliveries(string target)
    {
        foreach (Delivery delivery in Of(target).ToList())
        {
            Deliveries.Remove((target, delivery.Message.Sequence));
        }
    }

    public void ForgetAnswers(long account)
    {
        foreach (Delivery delivery in Deliveries.Values.Where(delivery => delivery.Message.Notification.Account == account).ToList())
        {
            Deliveries[(delivery.Target, delivery.Message.Sequence)] = delivery with { Log = [.. delivery.Log.Select(attempt => attempt with { Answer = null })] };
        }
    }

    public int Prune(Instant before, int limit)
    {
        List<Delivery> finished = Deliveries.Values.Where(delivery => delivery.FinishedAt < before).Take(limit).ToList();
        finished.ForEach(delivery => Deliveries.Remove((delivery.Target, delivery.Message.Sequence)));
        HashSet<long> needed = [.. Deliveries.Values.Select(delivery => delivery.Message.Sequence)];
        List<StoredNotification> told = Notifications.Values.Where(stored => stored.Notification.At < before && !needed.Contains(stored.Sequence)).Take(limit - finished.Count).ToList();
        foreach (StoredNotification stored in told)
        {
            Notifications.Remove(stored.Sequence);
            _sequences.Remove(stored.Notification.Id);
        }

        return finished.Count + told.Count;
    }
}
