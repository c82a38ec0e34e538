using NodaTime;

namespace Weir;

internal sealed class MemoryDeliveries(MemoryStore store) : IDeliveryStore
{
    public ValueTask<bool> AddWebhookAsync(WorkspaceId workspace, Webhook webhook, int most, AuditActor actor, CancellationToken cancellationToken) =>
        In(workspace, outbox =>
        {
            bool added = outbox.Webhooks.Count < most && outbox.Webhooks.TryAdd(webhook.Id, webhook);
            Audit(workspace, added ? WebhookAudit.Created(actor, webhook) : null);
            return added;
        });

    public ValueTask<Webhook?> FindWebhookAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        In(workspace, outbox => outbox.Webhooks.GetValueOrDefault(id));

    public ValueTask<IReadOnlyList<Webhook>> ListWebhooksAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        In<IReadOnlyList<Webhook>>(workspace, outbox => [.. outbox.Webhooks.Values.OrderBy(webhook => webhook.CreatedAt).ThenBy(webhook => webhook.Id, StringComparer.Ordinal)]);

    public ValueTask<Webhook?> ChangeWebhookAsync(WorkspaceId workspace, string id, WebhookChange change, Instant now, AuditActor actor, CancellationToken cancellationToken) =>
        In(workspace, outbox =>
        {
            if (!outbox.Webhooks.TryGetValue(id, out Webhook? webhook))
            {
                return null;
            }

            bool disabled = change.Disabled ?? webhook.Disabled is not null;
            if (disabled && webhook.Disabled is null)
            {
                outbox.FailPending(id, now);
            }

            Webhook changed = outbox.Webhooks[id] = webhook with
            {
                Url = change.Url ?? webhook.Url,
                Description = change.Description is null ? webhook.Description : change.Description.Length == 0 ? null : change.Description,
                Types = change.Types ?? webhook.Types,
                Disabled = disabled ? webhook.Disabled ?? DisabledReason.Requested : null,
                DisabledAt = disabled ? webhook.DisabledAt ?? now : null,
            };
            Audit(workspace, WebhookAudit.Changed(actor, webhook, changed));
            return changed;
        });

    public ValueTask<Webhook?> RotateSecretAsync(WorkspaceId workspace, string id, WebhookSecret secret, Instant othersEnd, int most, AuditActor actor, CancellationToken cancellationToken) =>
        In(workspace, outbox =>
        {
            if (!outbox.Webhooks.TryGetValue(id, out Webhook? webhook))
            {
                return null;
            }

            IEnumerable<WebhookSecret> others = webhook.Secrets
                .Select(old => old with { ExpiresAt = old.ExpiresAt is { } end && end < othersEnd ? end : othersEnd })
                .Where(old => old.ExpiresAt > secret.CreatedAt);
            Audit(workspace, WebhookAudit.Rotated(actor, id));
            return outbox.Webhooks[id] = webhook with { Secrets = [.. others.Prepend(secret).Take(most)] };
        });

    public ValueTask<bool> DeleteWebhookAsync(WorkspaceId workspace, string id, AuditActor actor, CancellationToken cancellationToken) =>
        In(workspace, outbox =>
        {
            outbox.RemoveDeliveries(id);
            bool removed = outbox.Webhooks.Remove(id, out Webhook? webhook);
            Audit(workspace, removed ? WebhookAudit.Deleted(actor, webhook!) : null);
            return removed;
        });

    public ValueTask<IReadOnlyList<Contact>> ListContactsAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken) =>
        In<IReadOnlyList<Contact>>(workspace, outbox =>
        [
            .. outbox.Contacts.Values.Where(contact => accounts.Contains(contact.Account)).OrderBy(contact => contact.Account).ThenBy(contact => contact.Address, StringComparer.Ordinal),
        ]);

    public ValueTask<Contact?> FindContactAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        In(workspace, outbox => outbox.Contacts.GetValueOrDefault(id));

    public ValueTask ReplaceContactsAsync(WorkspaceId workspace, long account, IReadOnlyList<Contact> contacts, AuditActor actor, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            if (store.Of(workspace).Erasures.HasErased(account))
            {
                return ValueTask.CompletedTask;
            }

            int before = store.Of(workspace).Outbox.Replace(account, contacts);
            Audit(workspace, before + contacts.Count > 0 ? WebhookAudit.ContactsChanged(actor, account, before, contacts.Count) : null);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> MakeAsync(WorkspaceId workspace, long from, long to, IReadOnlyList<NewDelivery> deliveries, Instant now, CancellationToken cancellationToken) =>
        In(workspace, outbox =>
        {
            if (!outbox.Move(IDeliveryStore.Follower, from, to))
            {
                return false;
            }

            foreach (NewDelivery delivery in deliveries)
            {
                outbox.Make(delivery.Target, delivery.Sequence, now);
            }

            return true;
        });

    public ValueTask<IReadOnlyList<WaitingTarget>> WaitingAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        In<IReadOnlyList<WaitingTarget>>(workspace, outbox =>
        [
            .. outbox.Deliveries.Values.Where(delivery => delivery.State == DeliveryState.Pending)
                .GroupBy(delivery => delivery.Target, StringComparer.Ordinal)
                .Select(group => new WaitingTarget(group.Key, group.Min(delivery => delivery.NextAttemptAt!.Value)))
                .OrderBy(waiting => waiting.Target, StringComparer.Ordinal),
        ]);

    public ValueTask<IReadOnlyList<Delivery>> ClaimAsync(WorkspaceId workspace, string target, Instant now, Instant until, int limit, CancellationToken cancellationToken) =>
        In<IReadOnlyList<Delivery>>(workspace, outbox =>
        [
            .. outbox.Of(target).Where(delivery => delivery.State == DeliveryState.Pending && delivery.NextAttemptAt <= now)
                .OrderBy(delivery => delivery.NextAttemptAt).ThenBy(delivery => delivery.Message.Sequence).Take(limit).ToList()
                .Select(delivery => outbox.Begin(delivery, now, until)),
        ]);

    public ValueTask<Delivery?> ClaimAsync(WorkspaceId workspace, string target, string message, Instant now, Instant until, CancellationToken cancellationToken) =>
        In(workspace, outbox => outbox.Again(target, message, now) is { } delivery ? outbox.Begin(delivery, now, until) : null);

    public ValueTask<bool> FinishAsync(WorkspaceId workspace, DeliveryResult result, CancellationToken cancellationToken) =>
        In(workspace, outbox =>
        {
            Webhook? before = outbox.Webhooks.GetValueOrDefault(result.Target);
            bool isErased = outbox.Notifications.TryGetValue(result.Sequence, out StoredNotification? told) && store.Of(workspace).Erasures.HasErased(told.Notification.Account);
            bool finished = outbox.Finish(isErased ? result with { Attempt = result.Attempt with { Answer = null } } : result);
            Audit(workspace, before is null ? null : WebhookAudit.Changed(WebhookAudit.Dispatcher, before, outbox.Webhooks[result.Target]));
            return finished;
        });

    public ValueTask<IReadOnlyList<Delivery>> ListAsync(WorkspaceId workspace, string target, DeliveryFilter filter, CancellationToken cancellationToken) =>
        In<IReadOnlyList<Delivery>>(workspace, outbox =>
        [
            .. outbox.Of(target)
                .Where(delivery => filter.Before is not { } before || delivery.Message.Sequence < before)
                .Where(delivery => filter.State is null || delivery.State == filter.State)
                .Where(delivery => filter.Type is null || delivery.Message.Notification.Type == filter.Type)
                .Where(delivery => filter.Message is null || delivery.Message.Notification.Id == filter.Message)
                .Reverse().Take(filter.Limit),
        ]);

    public ValueTask<bool> RedeliverAsync(WorkspaceId workspace, string target, string message, Instant now, CancellationToken cancellationToken) =>
        In(workspace, outbox => outbox.Again(target, message, now) is not null);

    public ValueTask<int> RedeliverAsync(
        WorkspaceId workspace, string target, Instant since, IReadOnlyCollection<string> types, Instant now, int limit, CancellationToken cancellationToken) =>
        In(workspace, outbox =>
        {
            List<string> wanted = outbox.Notifications.Values
                .Where(stored => stored.Notification.At >= since)
                .Where(stored => outbox.Deliveries.TryGetValue((target, stored.Sequence), out Delivery? known)
                    ? known.State == DeliveryState.Failed
                    : types.Contains(stored.Notification.Type))
                .Take(limit).Select(stored => stored.Notification.Id).ToList();
            return wanted.Count(message => outbox.Again(target, message, now) is not null);
        });

    public ValueTask<int> PruneAsync(WorkspaceId workspace, Instant before, int limit, CancellationToken cancellationToken) =>
        In(workspace, outbox => outbox.Prune(before, limit));

    private void Audit(WorkspaceId workspace, AuditEntry? entry)
    {
        if (entry is not null)
        {
            store.Of(workspace).Add(entry, store.Now());
        }
    }

    private ValueTask<T> In<T>(WorkspaceId workspace, Func<MemoryOutbox, T> work)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(work(store.Of(workspace).Outbox));
        }
    }
}
