using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlDeliveries(Database database) : IDeliveryStore
{
    public ValueTask<bool> AddWebhookAsync(WorkspaceId workspace, Webhook webhook, int most, AuditActor actor, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                bool added = await WebhookRows.AddAsync(session, webhook, most);
                await AuditAsync(session, added ? WebhookAudit.Created(actor, webhook) : null);
                return added;
            },
            cancellationToken);

    public ValueTask<Webhook?> FindWebhookAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        database.ReadAsync(workspace, session => WebhookRows.FindAsync(session, id), cancellationToken);

    public ValueTask<IReadOnlyList<Webhook>> ListWebhooksAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Webhook>>(workspace, async session => await WebhookRows.ReadAsync(session, null), cancellationToken);

    public ValueTask<Webhook?> ChangeWebhookAsync(WorkspaceId workspace, string id, WebhookChange change, Instant now, AuditActor actor, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                if (await WebhookRows.LockAsync(session, id) is not { } before)
                {
                    return null;
                }

                Webhook changed = await WebhookRows.ChangeAsync(session, before, change, now);
                await AuditAsync(session, WebhookAudit.Changed(actor, before, changed));
                return changed;
            },
            cancellationToken);

    public ValueTask<Webhook?> RotateSecretAsync(WorkspaceId workspace, string id, WebhookSecret secret, Instant othersEnd, int most, AuditActor actor, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                Webhook? rotated = await WebhookRows.RotateAsync(session, id, secret, othersEnd, most);
                await AuditAsync(session, rotated is not null ? WebhookAudit.Rotated(actor, id) : null);
                return rotated;
            },
            cancellationToken);

    public ValueTask<bool> DeleteWebhookAsync(WorkspaceId workspace, string id, AuditActor actor, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                if (await WebhookRows.LockAsync(session, id) is not { } webhook)
                {
                    return false;
                }

                await session.RunAllAsync([.. RemoveAll(session, [id]), session.Own("Alerts/DeleteSecrets", Value.Text(id)), session.Own("Alerts/DeleteWebhook", Value.Text(id))]);
                await AuditAsync(session, WebhookAudit.Deleted(actor, webhook));
                return true;
            },
            cancellationToken);

    public async ValueTask<IReadOnlyList<Contact>> ListContactsAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Alerts/ReadContacts", ReadContact, cancellationToken, Value.Longs(accounts));

    public ValueTask<Contact?> FindContactAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Alerts/FindContact", ReadContact, cancellationToken, Value.Text(id));

    public async ValueTask ReplaceContactsAsync(WorkspaceId workspace, long account, IReadOnlyList<Contact> contacts, AuditActor actor, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                if (await ErasureRows.HasErasedAsync(session, account))
                {
                    return false;
                }

                int before = await ReplaceAsync(session, account, contacts);
                await AuditAsync(session, before + contacts.Count > 0 ? WebhookAudit.ContactsChanged(actor, account, before, contacts.Count) : null);
                return true;
            },
            cancellationToken);

    public ValueTask<bool> MakeAsync(WorkspaceId workspace, long from, long to, IReadOnlyList<NewDelivery> deliveries, Instant now, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                if (!await Checkpoints.MoveAsync(session, NotificationRows.FollowerName(IDeliveryStore.Follower), from, to))
                {
                    return false;
                }

                await DeliveryRows.MakeAsync(session, deliveries, now);
                return true;
            },
            cancellationToken);

    public async ValueTask<IReadOnlyList<WaitingTarget>> WaitingAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        await database.ListAsync(workspace, "Alerts/WaitingTargets", row => new WaitingTarget(row.Text(0), row.Time(1)), cancellationToken);

    public ValueTask<IReadOnlyList<Delivery>> ClaimAsync(WorkspaceId workspace, string target, Instant now, Instant until, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session => await DeliveryRows.BeginAsync(
                session, target, await session.ListAsync("Alerts/LockReadyDeliveries", row => row.Long(0), Value.Text(target), Value.Time(now), Value.Int(limit)), now, until),
            cancellationToken);

    public ValueTask<Delivery?> ClaimAsync(WorkspaceId workspace, string target, string message, Instant now, Instant until, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session => await DeliveryRows.FindSequenceAsync(session, message) is { } sequence && await DeliveryRows.AgainAsync(session, target, [sequence], now) > 0
                && await DeliveryRows.BeginAsync(session, target, [sequence], now, until) is [var begun]
                ? begun
                : null,
            cancellationToken);

    public ValueTask<bool> FinishAsync(WorkspaceId workspace, DeliveryResult result, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                Webhook? before = await WebhookRows.LockAsync(session, result.Target);
                await session.ListAsync("Privacy/HoldAccountOf", row => row.Int(0), Value.Long(result.Sequence));
                bool finished = await DeliveryRows.FinishAsync(session, result);
                Webhook? after = before is null || result.Disable is null ? null : await WebhookRows.FindAsync(session, before.Id);
                await AuditAsync(session, after is null ? null : WebhookAudit.Changed(WebhookAudit.Dispatcher, before!, after));
                return finished;
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<Delivery>> ListAsync(WorkspaceId workspace, string target, DeliveryFilter filter, CancellationToken cancellationToken) =>
        database.ReadAsync(workspace, session => DeliveryRows.ReadAsync(session, target, null, filter), cancellationToken);

    public ValueTask<bool> RedeliverAsync(WorkspaceId workspace, string target, string message, Instant now, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session => await DeliveryRows.FindSequenceAsync(session, message) is { } sequence && await DeliveryRows.AgainAsync(session, target, [sequence], now) > 0,
            cancellationToken);

    public ValueTask<int> RedeliverAsync(
        WorkspaceId workspace, string target, Instant since, IReadOnlyCollection<string> types, Instant now, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session => await DeliveryRows.AgainAsync(
                session, target, await session.ListAsync("Alerts/Undelivered", row => row.Long(0), Value.Text(target), Value.Time(since), Value.Texts(types), Value.Int(limit)), now),
            cancellationToken);

    public ValueTask<int> PruneAsync(WorkspaceId workspace, Instant before, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(workspace, session => DeliveryRows.PruneAsync(session, before, limit), cancellationToken);

    /// <summary>All contacts of an account from now on; returns how many there were.</summary>
    internal static async Task<int> ReplaceAsync(Session session, long account, IReadOnlyList<Contact> contacts)
    {
        HashSet<string> stay = [.. contacts.Select(contact => contact.Address)];
        List<Contact> before = await session.ListAsync("Alerts/ReadContacts", ReadContact, Value.Longs([account]));
        string[] gone = [.. before.Where(contact => !stay.Contains(contact.Address)).Select(contact => contact.Id)];
        List<NpgsqlBatchCommand> commands = [];
        if (gone.Length > 0)
        {
            commands.Add(session.Own("Alerts/DeleteContacts", Value.Texts(gone)));
            commands.AddRange(RemoveAll(session, gone));
        }

        commands.AddRange(contacts.OrderBy(contact => contact.Address, StringComparer.Ordinal).Select(contact => session.Own(
            "Alerts/WriteContact", Value.Long(account), Value.Text(contact.Address), Value.Text(contact.Id), Value.Texts(contact.Types), Value.Time(contact.CreatedAt))));
        await session.RunAllAsync(commands);
        return before.Count;
    }

    private static NpgsqlBatchCommand[] RemoveAll(Session session, IReadOnlyCollection<string> targets) =>
        [session.Own("Alerts/DeleteAttempts", Value.Texts(targets)), session.Own("Alerts/DeleteDeliveries", Value.Texts(targets))];

    private static Contact ReadContact(NpgsqlDataReader row) => new(row.Text(0), row.Long(1), row.Text(2), row.Texts(3), row.Time(4));

    private static async Task AuditAsync(Session session, AuditEntry? entry)
    {
        if (entry is not null)
        {
            await AuditRows.AppendAsync(session, await session.NowAsync(), [entry]);
        }
    }
}
