using NodaTime;

namespace Weir;

/// <summary>
/// Webhooks, contacts, and what is on its way to them. A delivery is claimed for a time and then either finished or, when whoever claimed
/// it has died, claimed again: at least once, and as a rule by one node only. No call waits for a claim of another: a store with many
/// writers leaves out what is locked. What changes a configuration names its actor and writes its record (<see cref="WebhookAudit"/>) with
/// the change.
/// </summary>
public interface IDeliveryStore
{
    /// <summary>The name of the follower of the outbox that makes deliveries of it (<see cref="INotificationStore.CheckpointAsync"/>).</summary>
    const string Follower = "deliveries";

    /// <summary>False when the workspace has <paramref name="most"/> already.</summary>
    ValueTask<bool> AddWebhookAsync(WorkspaceId workspace, Webhook webhook, int most, AuditActor actor, CancellationToken cancellationToken);

    ValueTask<Webhook?> FindWebhookAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken);

    /// <summary>In the order of their making.</summary>
    ValueTask<IReadOnlyList<Webhook>> ListWebhooksAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>
    /// The webhook after the change; null when there is none. One that is disabled loses what was waiting for it: that has failed.
    /// </summary>
    ValueTask<Webhook?> ChangeWebhookAsync(WorkspaceId workspace, string id, WebhookChange change, Instant now, AuditActor actor, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a new secret before the others, which end at <paramref name="othersEnd"/> or earlier. Those that have ended by
    /// <c>secret.CreatedAt</c> are dropped, and of many the oldest: <paramref name="most"/> stay. Null when there is no such webhook.
    /// </summary>
    ValueTask<Webhook?> RotateSecretAsync(WorkspaceId workspace, string id, WebhookSecret secret, Instant othersEnd, int most, AuditActor actor, CancellationToken cancellationToken);

    /// <summary>Removes a webhook with its secrets and deliveries. False when there is none.</summary>
    ValueTask<bool> DeleteWebhookAsync(WorkspaceId workspace, string id, AuditActor actor, CancellationToken cancellationToken);

    /// <summary>Contacts of these accounts (0: of the workspace), by account and address.</summary>
    ValueTask<IReadOnlyList<Contact>> ListContactsAsync(WorkspaceId workspace, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken);

    ValueTask<Contact?> FindContactAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken);

    /// <summary>
    /// All contacts of one account from now on. An address that stays keeps its id and its deliveries; those of one that goes are removed.
    /// An account that has been erased gets none.
    /// </summary>
    ValueTask ReplaceContactsAsync(WorkspaceId workspace, long account, IReadOnlyList<Contact> contacts, AuditActor actor, CancellationToken cancellationToken);

    /// <summary>
    /// Moves <see cref="Follower"/> from one place of the outbox to another and makes the deliveries of what lies between, in one
    /// transaction; false when it does not stand at <paramref name="from"/>. Targets that are gone get nothing, and nothing is made twice.
    /// </summary>
    ValueTask<bool> MakeAsync(WorkspaceId workspace, long from, long to, IReadOnlyList<NewDelivery> deliveries, Instant now, CancellationToken cancellationToken);

    /// <summary>Every target with pending deliveries.</summary>
    ValueTask<IReadOnlyList<WaitingTarget>> WaitingAsync(WorkspaceId workspace, CancellationToken cancellationToken);

    /// <summary>
    /// Takes pending deliveries of a target that are ready by <paramref name="now"/>, the longest ready first: each begins its next
    /// attempt, and is out of reach of others until <paramref name="until"/>.
    /// </summary>
    ValueTask<IReadOnlyList<Delivery>> ClaimAsync(WorkspaceId workspace, string target, Instant now, Instant until, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Begins an attempt with one notification at once, whatever became of it before. Null when there is no such notification or target.
    /// </summary>
    ValueTask<Delivery?> ClaimAsync(WorkspaceId workspace, string target, string message, Instant now, Instant until, CancellationToken cancellationToken);

    /// <summary>Writes down how an attempt ended; of an account that has been erased without what the receiver answered. False, and nothing is written, when the delivery is at another attempt by now, was asked for anew or is gone.</summary>
    ValueTask<bool> FinishAsync(WorkspaceId workspace, DeliveryResult result, CancellationToken cancellationToken);

    /// <summary>Deliveries of a target with their attempts, the newest notification first.</summary>
    ValueTask<IReadOnlyList<Delivery>> ListAsync(WorkspaceId workspace, string target, DeliveryFilter filter, CancellationToken cancellationToken);

    /// <summary>Makes one notification wait for a target again, whatever became of it before. False when there is no such notification or target.</summary>
    ValueTask<bool> RedeliverAsync(WorkspaceId workspace, string target, string message, Instant now, CancellationToken cancellationToken);

    /// <summary>
    /// Makes notifications since a time wait for a target again: what has failed, and what of <paramref name="types"/> was never meant for
    /// it (because it did not exist or was disabled then); oldest first. Returns how many.
    /// </summary>
    ValueTask<int> RedeliverAsync(WorkspaceId workspace, string target, Instant since, IReadOnlyCollection<string> types, Instant now, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets what is over since before a time: finished deliveries, then notifications that nothing is pending of. Returns how many rows
    /// went; fewer than <paramref name="limit"/> when nothing is left to forget.
    /// </summary>
    ValueTask<int> PruneAsync(WorkspaceId workspace, Instant before, int limit, CancellationToken cancellationToken);
}
