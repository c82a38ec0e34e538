using System.Text.Json.Nodes;

using Weir.Engine;

namespace Weir;

/// <summary>
/// What the audit log says of webhooks and contacts. Of an address only its host: many a receiver's path or query is as good as a
/// password. Of contacts only how many: who they are is personal data.
/// </summary>
public static class WebhookAudit
{
    /// <summary>The part of the program that switches webhooks off.</summary>
    public static readonly AuditActor Dispatcher = AuditActor.OfHost("webhooks");

    public static AuditEntry Created(AuditActor actor, Webhook webhook) => new(actor, AuditActions.WebhookCreated, TargetOf(webhook.Id)) { After = SettingsOf(webhook) };

    /// <summary>Null when nothing has changed.</summary>
    public static AuditEntry? Changed(AuditActor actor, Webhook before, Webhook after)
    {
        JsonObject was = SettingsOf(before);
        JsonObject now = SettingsOf(after);
        foreach (string same in was.Select(member => member.Key).Where(name => JsonNode.DeepEquals(was[name], now[name])).ToList())
        {
            was.Remove(same);
            now.Remove(same);
        }

        if (before.Url != after.Url && now["host"] is null)
        {
            now["url"] = "changed";
        }

        return now.Count == 0 ? null : new AuditEntry(actor, AuditActions.WebhookChanged, TargetOf(after.Id)) { Before = was, After = now };
    }

    public static AuditEntry Rotated(AuditActor actor, string id) => new(actor, AuditActions.WebhookSecretRotated, TargetOf(id));

    public static AuditEntry Deleted(AuditActor actor, Webhook webhook) => new(actor, AuditActions.WebhookDeleted, TargetOf(webhook.Id)) { Before = SettingsOf(webhook) };

    /// <param name="account">0 for the workspace's own contacts.</param>
    public static AuditEntry ContactsChanged(AuditActor actor, long account, int before, int after) =>
        new(actor, AuditActions.ContactsChanged, account == Account.WorkspaceHead ? new AuditTarget("workspace", "contacts") : AuditTarget.Account(account))
        {
            Before = new JsonObject { ["contacts"] = before },
            After = new JsonObject { ["contacts"] = after },
        };

    private static AuditTarget TargetOf(string id) => new("webhook", id);

    private static JsonObject SettingsOf(Webhook webhook) => new()
    {
        ["host"] = Uri.TryCreate(webhook.Url, UriKind.Absolute, out Uri? url) ? url.Authority : null,
        ["description"] = webhook.Description,
        ["types"] = new JsonArray([.. webhook.Types.Select(type => (JsonNode)type)]),
        ["disabled"] = webhook.Disabled is { } reason ? WebhookService.NameOf(reason) : null,
    };
}
