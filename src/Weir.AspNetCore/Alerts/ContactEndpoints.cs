using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Contacts: who is told of notifications by mail.</summary>
internal static class ContactEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Notifications");
        group.MapGet("/contacts", (Delegate)GetOwnAsync).RequireScope(KeyScopes.Admin)
            .WithName("getContacts").WithSummary("The workspace's operators who are mailed of every account").Produces<ContactsAnswer>();
        group.MapPut("/contacts", (Delegate)PutOwnAsync).RequireScope(KeyScopes.Admin)
            .WithName("putContacts").WithSummary("Replace the workspace's contacts").Accepts<PutContactsBody>("application/json").Produces<ContactsAnswer>();
        group.MapGet("/accounts/{key}/contacts", (Delegate)GetAsync).RequireScope(KeyScopes.Admin)
            .WithName("getAccountContacts").WithSummary("An account's people who are mailed of it").Produces<ContactsAnswer>();
        group.MapPut("/accounts/{key}/contacts", (Delegate)PutAsync).RequireScope(KeyScopes.Admin)
            .WithName("putAccountContacts").WithSummary("Replace an account's contacts").Accepts<PutContactsBody>("application/json").Produces<ContactsAnswer>();
    }

    private static Task GetOwnAsync(HttpContext context, ContactService contacts) => WriteAsync(context, contacts, Account.WorkspaceHead);

    private static async Task PutOwnAsync(HttpContext context, ContactService contacts) =>
        await ReplaceAsync(context, contacts, await JsonBody.ReadAsync<PutContactsBody>(context), Account.WorkspaceHead);

    private static async Task GetAsync(HttpContext context, ContactService contacts, AccountService accounts) =>
        await WriteAsync(context, contacts, await IdAsync(context, accounts));

    private static async Task PutAsync(HttpContext context, ContactService contacts, AccountService accounts)
    {
        PutContactsBody body = await JsonBody.ReadAsync<PutContactsBody>(context);
        await ReplaceAsync(context, contacts, body, await IdAsync(context, accounts));
    }

    private static async Task ReplaceAsync(HttpContext context, ContactService contacts, PutContactsBody body, long account)
    {
        if (body.Contacts.Count > contacts.Most)
        {
            throw Texts.Wrong("/contacts", $"There are at most {contacts.Most} contacts.");
        }

        HashSet<string> addresses = new(StringComparer.OrdinalIgnoreCase);
        List<(string, IReadOnlyList<string>)> all = [];
        for (int i = 0; i < body.Contacts.Count; i++)
        {
            string place = $"/contacts/{i}";
            ContactBody contact = body.Contacts[i] ?? throw Texts.Wrong(place, "It must not be null.");
            if (!MailAddress.IsValid(contact.Address))
            {
                throw Texts.Wrong(place + "/address", $"It is {MailAddress.Form}.");
            }

            if (!addresses.Add(contact.Address))
            {
                throw Texts.Wrong(place + "/address", "The address stands twice.");
            }

            all.Add((contact.Address, WebhookAnswers.Types(contact.Types ?? [], place + "/types")));
        }

        await contacts.ReplaceAsync(context.Workspace(), account, all, context.Actor(), context.RequestAborted);
        await WriteAsync(context, contacts, account);
    }

    private static async Task<long> IdAsync(HttpContext context, AccountService accounts)
    {
        AccountKey key = RequestPath.Account(context);
        return (await accounts.FindAsync(context.Workspace(), key, context.RequestAborted) ?? throw new ProblemException(Problem.UnknownAccount(key.Value))).State.Account.Id;
    }

    private static async Task WriteAsync(HttpContext context, ContactService contacts, long account)
    {
        IReadOnlyList<Contact> all = await contacts.ListAsync(context.Workspace(), account, context.RequestAborted);
        await JsonBody.WriteAsync(context, new ContactsAnswer([.. all.Select(contact => new ContactAnswer(contact.Address, contact.Types, contact.CreatedAt))], contacts.IsMailConfigured));
    }
}
