using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Follows the outbox and makes a delivery of each notification for each webhook and contact that wants it.</summary>
internal sealed class NotificationFanOut(IWeirStore store, MailOptions mail, TimeProvider time)
{
    private const int Page = 200;

    /// <summary>Makes the deliveries of everything that stands in the outbox now. Several may do so at once, on any node.</summary>
    public async Task CatchUpAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        while (true)
        {
            long from = await store.Notifications.CheckpointAsync(workspace, IDeliveryStore.Follower, cancellationToken);
            IReadOnlyList<StoredNotification> page = await store.Notifications.FollowAsync(workspace, from, Page, cancellationToken);
            if (page.Count == 0)
            {
                return;
            }

            IReadOnlyList<Webhook> webhooks = await store.Deliveries.ListWebhooksAsync(workspace, cancellationToken);
            ILookup<long, Contact> contacts = await ContactsOfAsync(workspace, page, cancellationToken);
            NewDelivery[] deliveries =
            [
                // A test was made for one webhook and is on its way to it.
                .. page.Where(stored => stored.Notification.Type != NotificationTypes.WebhookTest)
                    .SelectMany(stored => TargetsOf(stored.Notification, webhooks, contacts).Select(target => new NewDelivery(target, stored.Sequence))),
            ];
            // When another was faster, its checkpoint is further on, and this step begins again from there.
            Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
            await store.Deliveries.MakeAsync(workspace, from, page[^1].Sequence, deliveries, now, cancellationToken);
        }
    }

    private static IEnumerable<string> TargetsOf(Notification notification, IReadOnlyList<Webhook> webhooks, ILookup<long, Contact> contacts)
    {
        IEnumerable<Contact> people = notification.Account == Account.WorkspaceHead
            ? contacts[Account.WorkspaceHead]
            : contacts[Account.WorkspaceHead].Concat(contacts[notification.Account]);
        return webhooks.Where(webhook => webhook.Disabled is null && webhook.Wants(notification.Type)).Select(webhook => webhook.Id)
            .Concat(people.Where(contact => contact.Wants(notification.Type)).Select(contact => contact.Id));
    }

    private async Task<ILookup<long, Contact>> ContactsOfAsync(WorkspaceId workspace, IReadOnlyList<StoredNotification> page, CancellationToken cancellationToken)
    {
        IReadOnlyList<Contact> contacts = mail.IsConfigured
            ? await store.Deliveries.ListContactsAsync(
                workspace, [.. page.Select(stored => stored.Notification.Account).Append(Account.WorkspaceHead).Distinct()], cancellationToken)
            : [];
        return contacts.ToLookup(contact => contact.Account);
    }
}
