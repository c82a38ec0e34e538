using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

internal static class WebhookRows
{
    public static async Task<bool> AddAsync(Session session, Webhook webhook, int most)
    {
        // Two that are made at once count each other.
        await session.RunAsync("Alerts/LockWebhooks");
        if (await session.RunAsync(
            "Alerts/InsertWebhook", Value.Text(webhook.Id), Value.Text(webhook.Url), Value.Text(webhook.Description), Value.Texts(webhook.Types), Value.Time(webhook.CreatedAt), Value.Int(most)) == 0)
        {
            return false;
        }

        await session.RunAllAsync(webhook.Secrets.Reverse().Select(secret => InsertSecret(session, webhook.Id, secret)));
        return true;
    }

    public static async Task<Webhook?> FindAsync(Session session, string id) => (await ReadAsync(session, id)).FirstOrDefault();

    /// <summary>The webhook, locked to the end of the transaction. Whoever changes a webhook and its deliveries locks it first.</summary>
    public static async Task<Webhook?> LockAsync(Session session, string id)
    {
        await session.ListAsync("Alerts/LockWebhook", row => row.Int(0), Value.Text(id));
        return await FindAsync(session, id);
    }

    /// <param name="id">Null for all.</param>
    public static async Task<List<Webhook>> ReadAsync(Session session, string? id)
    {
        List<Webhook> bare = await session.ListAsync("Alerts/ReadWebhooks", Read, Value.Text(id));
        ILookup<string, WebhookSecret> secrets = (await session.ListAsync(
            "Alerts/ReadSecrets", row => (row.Text(0), new WebhookSecret(row.Bytes(1), row.Time(2), row.TimeOrNull(3))), Value.Text(id))).ToLookup(pair => pair.Item1, pair => pair.Item2);
        return [.. bare.Select(webhook => webhook with { Secrets = [.. secrets[webhook.Id]] })];
    }

    public static async Task<Webhook> ChangeAsync(Session session, Webhook webhook, WebhookChange change, Instant now)
    {
        bool disabled = change.Disabled ?? webhook.Disabled is not null;
        if (disabled && webhook.Disabled is null)
        {
            await session.RunAsync("Alerts/FailPending", Value.Text(webhook.Id), Value.Time(now));
        }

        Webhook changed = webhook with
        {
            Url = change.Url ?? webhook.Url,
            Description = change.Description is null ? webhook.Description : change.Description.Length == 0 ? null : change.Description,
            Types = change.Types ?? webhook.Types,
            Disabled = disabled ? webhook.Disabled ?? DisabledReason.Requested : null,
            DisabledAt = disabled ? webhook.DisabledAt ?? now : null,
        };
        await session.RunAsync(
            "Alerts/UpdateWebhook", Value.Text(webhook.Id), Value.Text(changed.Url), Value.Text(changed.Description), Value.Texts(changed.Types), Value.Int((int?)changed.Disabled),
            Value.Time(changed.DisabledAt));
        return changed;
    }

    public static async Task<Webhook?> RotateAsync(Session session, string id, WebhookSecret secret, Instant othersEnd, int most)
    {
        if (await LockAsync(session, id) is null)
        {
            return null;
        }

        await session.RunAllAsync(
        [
            session.Own("Alerts/EndSecrets", Value.Text(id), Value.Time(othersEnd)),
            InsertSecret(session, id, secret),
            session.Own("Alerts/TrimSecrets", Value.Text(id), Value.Time(secret.CreatedAt), Value.Int(most)),
        ]);
        return await FindAsync(session, id);
    }

    private static NpgsqlBatchCommand InsertSecret(Session session, string id, WebhookSecret secret) =>
        session.Own("Alerts/InsertSecret", Value.Text(id), Value.Bytes(secret.Sealed), Value.Time(secret.CreatedAt), Value.Time(secret.ExpiresAt));

    private static Webhook Read(NpgsqlDataReader row) => new()
    {
        Id = row.Text(0),
        Url = row.Text(1),
        Description = row.TextOrNull(2),
        Types = row.Texts(3),
        Disabled = (DisabledReason?)row.IntOrNull(4),
        DisabledAt = row.TimeOrNull(5),
        CreatedAt = row.Time(6),
        LastSuccessAt = row.TimeOrNull(7),
        Secrets = [],
    };
}
