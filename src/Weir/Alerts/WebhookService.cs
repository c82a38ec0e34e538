using System.Security.Cryptography;
using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Webhooks as those who configure them see them. Secrets are shown once, when they are made.</summary>
public sealed class WebhookService
{
    /// <summary>The most secrets that sign at the same time.</summary>
    public const int MostSecrets = 4;

    /// <summary>The most notifications that one call sends again.</summary>
    public const int MostRedelivered = 10_000;

    private const int IdBytes = 12;

    private readonly IWeirStore _store;
    private readonly SecretBox _secrets;
    private readonly DeliveryLane _lane;
    private readonly NotificationDispatcher _dispatcher;
    private readonly WebhookOptions _options;
    private readonly TargetAddresses _addresses;
    private readonly TimeProvider _time;

    internal WebhookService(
        IWeirStore store, SecretBox secrets, DeliveryLane lane, NotificationDispatcher dispatcher, WebhookOptions options, TargetAddresses addresses, TimeProvider time)
    {
        _store = store;
        _secrets = secrets;
        _lane = lane;
        _dispatcher = dispatcher;
        _options = options;
        _addresses = addresses;
        _time = time;
    }

    /// <summary>Whether there is a master key, without which webhooks are not made.</summary>
    public bool CanSign => _secrets.HasKey;

    /// <summary>The most webhooks of a workspace.</summary>
    public int Most => _options.MostWebhooks;

    public static string NameOf(DisabledReason reason) => reason switch
    {
        DisabledReason.Requested => "requested",
        DisabledReason.Failing => "failing",
        _ => "gone",
    };

    /// <summary>Why a text is not taken as the address of a webhook, or null.</summary>
    public string? RefusalOf(string url) => WebhookUrl.Refusal(url, _options, _addresses);

    /// <summary>Makes a webhook; the secret is given only here. Null when the workspace has <see cref="Most"/> already.</summary>
    /// <exception cref="SecretBoxException">There is no master key.</exception>
    public async ValueTask<(Webhook Webhook, string Secret)?> CreateAsync(
        WorkspaceId workspace, string url, string? description, IReadOnlyList<string> types, AuditActor actor, CancellationToken cancellationToken)
    {
        Instant now = Now();
        string id = "wh_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        (WebhookSecret secret, string text) = NewSecret(workspace, id, now);
        Webhook webhook = new() { Id = id, Url = url, Description = description, Types = types, CreatedAt = now, Secrets = [secret] };
        return await _store.Deliveries.AddWebhookAsync(workspace, webhook, Most, actor, cancellationToken) ? (webhook, text) : null;
    }

    public ValueTask<IReadOnlyList<Webhook>> ListAsync(WorkspaceId workspace, CancellationToken cancellationToken) => _store.Deliveries.ListWebhooksAsync(workspace, cancellationToken);

    public ValueTask<Webhook?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken) => _store.Deliveries.FindWebhookAsync(workspace, id, cancellationToken);

    public ValueTask<Webhook?> ChangeAsync(WorkspaceId workspace, string id, WebhookChange change, AuditActor actor, CancellationToken cancellationToken) =>
        _store.Deliveries.ChangeWebhookAsync(workspace, id, change, Now(), actor, cancellationToken);

    public ValueTask<bool> DeleteAsync(WorkspaceId workspace, string id, AuditActor actor, CancellationToken cancellationToken) =>
        _store.Deliveries.DeleteWebhookAsync(workspace, id, actor, cancellationToken);

    /// <summary>Gives a webhook a new secret; the others go on signing beside it for a time. Null when there is no such webhook.</summary>
    /// <exception cref="SecretBoxException">There is no master key.</exception>
    public async ValueTask<(Webhook Webhook, string Secret)?> RotateAsync(WorkspaceId workspace, string id, Duration keepOthersFor, AuditActor actor, CancellationToken cancellationToken)
    {
        Instant now = Now();
        (WebhookSecret secret, string text) = NewSecret(workspace, id, now);
        return await _store.Deliveries.RotateSecretAsync(workspace, id, secret, now + keepOthersFor, MostSecrets, actor, cancellationToken) is { } webhook ? (webhook, text) : null;
    }

    /// <summary>Sends a notification of the type <c>webhook.test</c> to one webhook now, once. Null when there is no such webhook.</summary>
    /// <exception cref="SecretBoxException">Its secrets cannot be opened.</exception>
    public async Task<(string Message, DeliveryAttempt Attempt)?> TestAsync(Workspace workspace, string id, CancellationToken cancellationToken)
    {
        if (await FindAsync(workspace.Id, id, cancellationToken) is null)
        {
            return null;
        }

        Notification test = new() { Type = NotificationTypes.WebhookTest, At = Now(), Data = JsonSerializer.SerializeToUtf8Bytes(new { webhook = id }) };
        await _store.Notifications.AppendAsync(workspace.Id, [test], cancellationToken);
        return await _lane.SendOnceAsync(workspace, id, test.Id, cancellationToken) is { } attempt ? (test.Id, attempt) : null;
    }

    public ValueTask<IReadOnlyList<Delivery>> DeliveriesAsync(WorkspaceId workspace, string id, DeliveryFilter filter, CancellationToken cancellationToken) =>
        _store.Deliveries.ListAsync(workspace, id, filter, cancellationToken);

    /// <summary>Sends one notification again. False when there is no such notification or webhook.</summary>
    public async ValueTask<bool> RedeliverAsync(WorkspaceId workspace, string id, string message, CancellationToken cancellationToken)
    {
        bool found = await _store.Deliveries.RedeliverAsync(workspace, id, message, Now(), cancellationToken);
        _dispatcher.Wake();
        return found;
    }

    /// <summary>Sends again what has failed or was missed since a time: at most <see cref="MostRedelivered"/>, oldest first. Returns how many.</summary>
    public async ValueTask<int> RedeliverAsync(WorkspaceId workspace, Webhook webhook, Instant since, CancellationToken cancellationToken)
    {
        string[] types = [.. NotificationTypes.All.Select(known => known.Type).Where(type => type != NotificationTypes.WebhookTest && webhook.Wants(type))];
        int count = await _store.Deliveries.RedeliverAsync(workspace, webhook.Id, since, types, Now(), MostRedelivered, cancellationToken);
        _dispatcher.Wake();
        return count;
    }

    /// <summary>A secret opens only as that of its own webhook.</summary>
    internal static string PurposeOf(WorkspaceId workspace, string webhook) => $"webhook {workspace.Value} {webhook}";

    private (WebhookSecret Secret, string Text) NewSecret(WorkspaceId workspace, string id, Instant now)
    {
        byte[] secret = WebhookSignature.NewSecret();
        return (new WebhookSecret(_secrets.Seal(secret, PurposeOf(workspace, id)), now, null), WebhookSignature.TextOf(secret));
    }

    private Instant Now() => Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()));
}
