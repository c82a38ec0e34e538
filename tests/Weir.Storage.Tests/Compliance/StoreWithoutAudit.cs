using NodaTime;

namespace Weir.Storage.Tests;

/// <summary>The writing members of the stores for tests that are not about the audit log.</summary>
internal static class StoreWithoutAudit
{
    private static readonly AuditEntry s_audit = new(AuditActor.Host, "test.done", new AuditTarget("test", "1"));

    public static ValueTask<Workspace?> CreateAsync(this IWorkspaceStore store, string key, string? name, string timeZone, CancellationToken cancellationToken) =>
        store.CreateAsync(key, name, timeZone, s_audit, cancellationToken);

    public static ValueTask AddAsync(this IKeyStore store, WorkspaceId workspace, ApiKey key, CancellationToken cancellationToken) =>
        store.AddAsync(workspace, key, s_audit, cancellationToken);

    public static ValueTask<bool> RevokeAsync(this IKeyStore store, WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        store.RevokeAsync(workspace, id, s_audit, cancellationToken);

    public static ValueTask<int?> AddAsync(
        this ICatalogStore store, WorkspaceId workspace, string document, CatalogFormat format, string? actor, int expectedActive, CancellationToken cancellationToken) =>
        store.AddAsync(workspace, document, format, actor, expectedActive, _ => s_audit, cancellationToken);

    public static ValueTask<bool> ActivateAsync(this ICatalogStore store, WorkspaceId workspace, int version, int expectedActive, CancellationToken cancellationToken) =>
        store.ActivateAsync(workspace, version, expectedActive, s_audit, cancellationToken);

    public static ValueTask<bool> AddWebhookAsync(this IDeliveryStore store, WorkspaceId workspace, Webhook webhook, int most, CancellationToken cancellationToken) =>
        store.AddWebhookAsync(workspace, webhook, most, AuditActor.Host, cancellationToken);

    public static ValueTask<Webhook?> ChangeWebhookAsync(
        this IDeliveryStore store, WorkspaceId workspace, string id, WebhookChange change, Instant now, CancellationToken cancellationToken) =>
        store.ChangeWebhookAsync(workspace, id, change, now, AuditActor.Host, cancellationToken);

    public static ValueTask<Webhook?> RotateSecretAsync(
        this IDeliveryStore store, WorkspaceId workspace, string id, WebhookSecret secret, Instant othersEnd, int most, CancellationToken cancellationToken) =>
        store.RotateSecretAsync(workspace, id, secret, othersEnd, most, AuditActor.Host, cancellationToken);

    public static ValueTask<bool> DeleteWebhookAsync(this IDeliveryStore store, WorkspaceId workspace, string id, CancellationToken cancellationToken) =>
        store.DeleteWebhookAsync(workspace, id, AuditActor.Host, cancellationToken);

    public static ValueTask ReplaceContactsAsync(
        this IDeliveryStore store, WorkspaceId workspace, long account, IReadOnlyList<Contact> contacts, CancellationToken cancellationToken) =>
        store.ReplaceContactsAsync(workspace, account, contacts, AuditActor.Host, cancellationToken);
}
