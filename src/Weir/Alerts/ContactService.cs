using System.Security.Cryptography;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Who is told of notifications by mail. Addresses are personal data: they stand in the contacts alone and go with them.</summary>
public sealed class ContactService(IWeirStore store, MailOptions options, TimeProvider time)
{
    private const int IdBytes = 12;

    /// <summary>The most contacts of one account, and of the operators of a workspace.</summary>
    public int Most => options.MostContacts;

    /// <summary>Whether there is a mail server; without one contacts are kept and sent nothing.</summary>
    public bool IsMailConfigured => options.IsConfigured;

    /// <param name="account">The account's internal id; 0 for the operators of the workspace.</param>
    public ValueTask<IReadOnlyList<Contact>> ListAsync(WorkspaceId workspace, long account, CancellationToken cancellationToken) =>
        store.Deliveries.ListContactsAsync(workspace, [account], cancellationToken);

    /// <summary>All contacts from now on.</summary>
    public async ValueTask<IReadOnlyList<Contact>> ReplaceAsync(
        WorkspaceId workspace, long account, IReadOnlyList<(string Address, IReadOnlyList<string> Types)> contacts, AuditActor actor, CancellationToken cancellationToken)
    {
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        Contact[] all =
        [
            .. contacts.Select(contact => new Contact("ct_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)), account, contact.Address, contact.Types, now)),
        ];
        await store.Deliveries.ReplaceContactsAsync(workspace, account, all, actor, cancellationToken);
        return await ListAsync(workspace, account, cancellationToken);
    }
}
