using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal static class WebhookRows
{
    public static bool Add(Connection connection, int workspace, Webhook webhook, int most)
    {
        bool added = connection.Prepared("Alerts/InsertWebhook").Bind(1, workspace).Bind(2, webhook.Id).Bind(3, webhook.Url).Bind(4, webhook.Description)
            .Bind(5, Json(webhook.Types)).Bind(6, Clock.ToMicros(webhook.CreatedAt)).Bind(7, most).Scalar() is not null;
        foreach (WebhookSecret secret in added ? webhook.Secrets.Reverse() : [])
        {
            AddSecret(connection, workspace, webhook.Id, secret);
        }

        return added;
    }

    public static Webhook? Find(Connection connection, int workspace, string id) => Read(connection, workspace, id).FirstOrDefault();

    /// <param name="id">Null for all.</param>
    public static List<Webhook> Read(Connection connection, int workspace, string? id)
    {
        List<Webhook> webhooks = [];
        Statement rows = connection.Prepared("Alerts/ReadWebhooks").Bind(1, workspace).Bind(2, id);
        while (rows.Step())
        {
            webhooks.Add(new Webhook
            {
                Id = rows.Text(0),
                Url = rows.Text(1),
                Description = rows.TextOrNull(2),
                Types = Texts(rows, 3),
                Disabled = (DisabledReason?)rows.Int64OrNull(4),
                DisabledAt = TimeOrNull(rows, 5),
                CreatedAt = Clock.FromMicros(rows.Int64(6)),
                LastSuccessAt = TimeOrNull(rows, 7),
                Secrets = ReadSecrets(connection, workspace, rows.Text(0)),
            });
        }

        return webhooks;
    }

    public static void Delete(Connection connection, int workspace, string id)
    {
        DeliveryRows.RemoveAll(connection, workspace, id);
        connection.Prepared("Alerts/DeleteSecrets").Bind(1, workspace).Bind(2, id).Run();
        connection.Prepared("Alerts/DeleteWebhook").Bind(1, workspace).Bind(2, id).Run();
    }

    public static Webhook Change(Connection connection, int workspace, Webhook webhook, WebhookChange change, Instant now)
    {
        bool disabled = change.Disabled ?? webhook.Disabled is not null;
        if (disabled && webhook.Disabled is null)
        {
            DeliveryRows.FailPending(connection, workspace, webhook.Id, now);
        }

        Webhook changed = webhook with
        {
            Url = change.Url ?? webhook.Url,
            Description = change.Description is null ? webhook.Description : change.Description.Length == 0 ? null : change.Description,
            Types = change.Types ?? webhook.Types,
            Disabled = disabled ? webhook.Disabled ?? DisabledReason.Requested : null,
            DisabledAt = disabled ? webhook.DisabledAt ?? now : null,
        };
        connection.Prepared("Alerts/UpdateWebhook").Bind(1, workspace).Bind(2, webhook.Id).Bind(3, changed.Url).Bind(4, changed.Description).Bind(5, Json(changed.Types))
            .Bind(6, (long?)changed.Disabled).Bind(7, MicrosOrNull(changed.DisabledAt)).Run();
        return changed;
    }

    public static Webhook? Rotate(Connection connection, int workspace, string id, WebhookSecret secret, Instant othersEnd, int most)
    {
        if (Find(connection, workspace, id) is not { } webhook)
        {
            return null;
        }

        connection.Prepared("Alerts/EndSecrets").Bind(1, workspace).Bind(2, id).Bind(3, Clock.ToMicros(othersEnd)).Run();
        AddSecret(connection, workspace, id, secret);
        connection.Prepared("Alerts/TrimSecrets").Bind(1, workspace).Bind(2, id).Bind(3, Clock.ToMicros(secret.CreatedAt)).Bind(4, most).Run();
        return webhook with { Secrets = ReadSecrets(connection, workspace, id) };
    }

    public static string Json(IEnumerable<string> texts) => JsonSerializer.Serialize(texts);

    public static IReadOnlyList<string> Texts(Statement row, int column) => JsonSerializer.Deserialize<string[]>(row.Bytes(column))!;

    public static Instant? TimeOrNull(Statement row, int column) => row.Int64OrNull(column) is { } micros ? Clock.FromMicros(micros) : null;

    public static long? MicrosOrNull(Instant? time) => time is { } given ? Clock.ToMicros(given) : null;

    private static void AddSecret(Connection connection, int workspace, string id, WebhookSecret secret) =>
        connection.Prepared("Alerts/InsertSecret").Bind(1, workspace).Bind(2, id).Bind(3, secret.Sealed.Span).Bind(4, Clock.ToMicros(secret.CreatedAt))
            .Bind(5, MicrosOrNull(secret.ExpiresAt)).Run();

    private static List<WebhookSecret> ReadSecrets(Connection connection, int workspace, string id)
    {
        List<WebhookSecret> secrets = [];
        Statement rows = connection.Prepared("Alerts/ReadSecrets").Bind(1, workspace).Bind(2, id);
        while (rows.Step())
        {
            secrets.Add(new WebhookSecret(rows.Bytes(0).ToArray(), Clock.FromMicros(rows.Int64(1)), TimeOrNull(rows, 2)));
        }

        return secrets;
    }
}
