using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteDeliveries(Writer writer, ReaderPool readers, LedgerMemory memory) : IDeliveryStore
{
    public ValueTask<bool> AddWebhookAsync(WorkspaceId workspace, Webhook webhook, int most, AuditActor actor, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                bool added = WebhookRows.Add(connection, workspace.Value, webhook, most);
                Audit(connection, workspace, added ? WebhookAudit.Created(actor, webhook) : null);
                return added;
            },
            cancellationToken);

    public ValueTask<Webhook?> FindWebhookAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => WebhookRows.Find(connection, workspace.Value, id), cancellationToken);

    public ValueTask<IReadOnlyList<Webhook>> ListWebhooksAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Webhook>>(connection => WebhookRows.Read(connection, workspace.Value, null), cancellationToken);

    public ValueTask<Webhook?> ChangeWebhookAsync(WorkspaceId workspace, string id, WebhookChange change, Instant now, AuditActor actor, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                if (WebhookRows.Find(connection, workspace.Value, id) is not { } before)
                {
                    return null;
                }

                Webhook changed = WebhookRows.Change(connection, workspace.Value, before, change, now);
                Audit(connection, workspace, WebhookAudit.Changed(actor, before, changed));
                return changed;
            },
            cancellationToken);

    public ValueTask<Webhook?> RotateSecretAsync(WorkspaceId workspace, string id, WebhookSecret secret, Instant othersEnd, int most, AuditActor actor, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Webhook? rotated = WebhookRows.Rotate(connection, workspace.Value, id, secret, othersEnd, most);
                Audit(connection, workspace, rotated is not null ? WebhookAudit.Rotated(actor, id) : null);
                return rotated;
            },
            cancellationToken);

    public ValueTask<bool> DeleteWebhookAsync(WorkspaceId workspace, string id, AuditActor actor, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                if (WebhookRows.Find(connection, workspace.Value, id) is not { } webhook)
                {
                    return false;
                }

                WebhookRows.Delete(connection, workspace.Value, id);
                Audit(connection, workspace, WebhookAudit.Deleted(actor, webhook));
                return true;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<Contact>> ListContactsAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Contact>>(
            connection => ContactRows.Read(connection.Prepared("Alerts/ReadContacts").Bind(1, workspace.Value).Bind(2, EntryRows.JsonOf(accounts))), cancellationToken);

    public ValueTask<Contact?> FindContactAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => ContactRows.Read(connection.Prepared("Alerts/FindContact").Bind(1, workspace.Value).Bind(2, id)).FirstOrDefault(), cancellationToken);

    public async ValueTask ReplaceContactsAsync(WorkspaceId workspace, long account, IReadOnlyList<Contact> contacts, AuditActor actor, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                if (ErasureRows.HasErased(connection, workspace.Value, account))
                {
                    return false;
                }

                int before = ContactRows.Replace(connection, workspace.Value, account, contacts);
                Audit(connection, workspace, before + contacts.Count > 0 ? WebhookAudit.ContactsChanged(actor, account, before, contacts.Count) : null);
                return true;
            },
            cancellationToken);

    public ValueTask<bool> MakeAsync(WorkspaceId workspace, long from, long to, IReadOnlyList<NewDelivery> deliveries, Instant now, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                if (!NotificationRows.MoveFollower(connection, workspace.Value, IDeliveryStore.Follower, from, to))
                {
                    return false;
                }

                foreach (NewDelivery delivery in deliveries)
                {
                    DeliveryRows.Make(connection, workspace.Value, delivery.Target, delivery.Sequence, now);
                }

                return true;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<WaitingTarget>> WaitingAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<WaitingTarget>>(
            connection =>
            {
                List<WaitingTarget> waiting = [];
                Statement rows = connection.Prepared("Alerts/WaitingTargets").Bind(1, workspace.Value);
                while (rows.Step())
                {
                    waiting.Add(new WaitingTarget(rows.Text(0), Clock.FromMicros(rows.Int64(1))));
                }

                return waiting;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<Delivery>> ClaimAsync(WorkspaceId workspace, string target, Instant now, Instant until, int limit, CancellationToken cancellationToken) =>
        writer.WriteAsync<IReadOnlyList<Delivery>>(
            connection =>
            {
                List<long> ready = [];
                Statement rows = connection.Prepared("Alerts/ReadyDeliveries").Bind(1, workspace.Value).Bind(2, target).Bind(3, Clock.ToMicros(now)).Bind(4, limit);
                while (rows.Step())
                {
                    ready.Add(rows.Int64(0));
                }

                return [.. ready.Select(sequence => DeliveryRows.Begin(connection, workspace.Value, target, sequence, now, until))];
            },
            cancellationToken);

    public ValueTask<Delivery?> ClaimAsync(WorkspaceId workspace, string target, string message, Instant now, Instant until, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => DeliveryRows.FindSequence(connection, workspace.Value, message) is { } sequence && DeliveryRows.Again(connection, workspace.Value, target, sequence, now)
                ? DeliveryRows.Begin(connection, workspace.Value, target, sequence, now, until)
                : null,
            cancellationToken);

    public ValueTask<bool> FinishAsync(WorkspaceId workspace, DeliveryResult result, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                Webhook? before = result.Disable is null ? null : WebhookRows.Find(connection, workspace.Value, result.Target);
                bool finished = DeliveryRows.Finish(connection, workspace.Value, result);
                Audit(connection, workspace, before is null ? null : WebhookAudit.Changed(WebhookAudit.Dispatcher, before, WebhookRows.Find(connection, workspace.Value, before.Id)!));
                return finished;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<Delivery>> ListAsync(WorkspaceId workspace, string target, DeliveryFilter filter, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Delivery>>(connection => DeliveryRows.Read(connection, workspace.Value, target, null, filter), cancellationToken);

    public ValueTask<bool> RedeliverAsync(WorkspaceId workspace, string target, string message, Instant now, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection => DeliveryRows.FindSequence(connection, workspace.Value, message) is { } sequence && DeliveryRows.Again(connection, workspace.Value, target, sequence, now),
            cancellationToken);

    public ValueTask<int> RedeliverAsync(
        WorkspaceId workspace, string target, Instant since, IReadOnlyCollection<string> types, Instant now, int limit, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                List<long> wanted = [];
                Statement rows = connection.Prepared("Alerts/Undelivered").Bind(1, workspace.Value).Bind(2, target).Bind(3, Clock.ToMicros(since)).Bind(4, WebhookRows.Json(types)).Bind(5, limit);
                while (rows.Step())
                {
                    wanted.Add(rows.Int64(0));
                }

                return wanted.Count(sequence => DeliveryRows.Again(connection, workspace.Value, target, sequence, now));
            },
            cancellationToken);

    public ValueTask<int> PruneAsync(WorkspaceId workspace, Instant before, int limit, CancellationToken cancellationToken) =>
        writer.WriteAsync(connection => DeliveryRows.Prune(connection, workspace.Value, before, limit), cancellationToken);

    /// <summary>Lets go what an earlier process had claimed.</summary>
    public async Task ReleaseClaimsAsync(CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                connection.Prepared("Alerts/ReleaseClaims").Bind(1, Clock.ToMicros(memory.Now())).Run();
                return true;
            },
            cancellationToken);

    private void Audit(Connection connection, WorkspaceId workspace, AuditEntry? entry)
    {
        if (entry is not null)
        {
            AuditRows.Append(connection, workspace.Value, memory.Now(), entry);
        }
    }
}
