using System.Net;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class ContactApiTests
{
    [Fact(DisplayName = "HOOK-8: contacts of an account and of the workspace are replaced and read, apart from each other")]
    public async Task Contacts()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        Reply own = (await host.Admin.PutJsonAsync("/api/v1/contacts", """{ "contacts": [{ "address": "ops@example.com", "types": ["webhook.disabled"] }] }""")).ExpectOk();
        Reply acme = (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/contacts", """{ "contacts": [{ "address": "bob@example.com" }, { "address": "ada@example.com" }] }""")).ExpectOk();
        Assert.False((bool)own["mail"]!);
        Assert.Equal(["ada@example.com", "bob@example.com"], acme["contacts"]!.AsArray().Select(contact => (string?)contact!["address"]));
        Assert.Equal(own.Text, (await host.Admin.ReadAsync("/api/v1/contacts")).ExpectOk().Text);
        Assert.Equal(acme.Text, (await host.Admin.ReadAsync("/api/v1/accounts/acme/contacts")).ExpectOk().Text);
        Assert.Empty((await host.Admin.PutJsonAsync("/api/v1/accounts/acme/contacts", """{ "contacts": [] }""")).ExpectOk()["contacts"]!.AsArray());
        Assert.Single((await host.Admin.ReadAsync("/api/v1/contacts")).ExpectOk()["contacts"]!.AsArray());
        (await host.Admin.ReadAsync("/api/v1/accounts/none/contacts")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        (await host.Admin.PutJsonAsync("/api/v1/accounts/none/contacts", """{ "contacts": [] }""")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
    }

    [Theory(DisplayName = "HOOK-8: a contact that is no address, stands twice, asks for no such type or is one too many is refused with its place")]
    [InlineData("""[{ "address": "ada" }]""", "/contacts/0/address")]
    [InlineData("""[{ "address": "a@b.example" }, { "address": "a@b.example>\r\nRCPT TO:<c@d.example" }]""", "/contacts/1/address")]
    [InlineData("""[{ "address": "a@b.example" }, { "address": "A@B.example" }]""", "/contacts/1/address")]
    [InlineData("""[{ "address": "a@b.example", "types": ["none"] }]""", "/contacts/0/types/0")]
    [InlineData("""[{ "address": "a@b.example", "types": ["job.stuck", "job.stuck"] }]""", "/contacts/0/types/1")]
    [InlineData("""[null]""", "/contacts/0")]
    [InlineData("""[{ "address": "a@b.example" }, { "address": "b@b.example" }, { "address": "c@b.example" }]""", "/contacts")]
    public async Task Refused(string contacts, string pointer)
    {
        await using WeirHost host = await WeirHost.StartAsync(services: services => services.Configure<MailOptions>(mail => mail.MostContacts = 2));
        Reply refused = await host.Admin.PutJsonAsync("/api/v1/contacts", $$"""{ "contacts": {{contacts.Replace("\r\n", "\\r\\n", StringComparison.Ordinal)}} }""");
        refused.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(pointer, (string?)refused["errors"]![0]!["pointer"]);
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/contacts")).ExpectOk()["contacts"]!.AsArray());
    }

    [Fact(DisplayName = "HOOK-8: a running server mails a notification to the contacts of its account by itself")]
    public async Task Mails()
    {
        await using MailServer server = new();
        await using WeirHost host = await WeirHost.StartAsync(services: services => services.Configure<MailOptions>(mail =>
        {
            (mail.Host, mail.Port, mail.From, mail.Security) = ("localhost", server.Port, "weir@host.example", MailSecurity.None);
        }));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        Assert.True((bool)(await host.Admin.PutJsonAsync("/api/v1/accounts/acme/contacts", """{ "contacts": [{ "address": "ada@example.com" }] }""")).ExpectOk()["mail"]!);
        IWeirStore store = host.Services.GetRequiredService<IWeirStore>();
        Workspace workspace = (await store.Workspaces.FindAsync("default", CancellationToken.None))!;
        long account = (await store.Accounts.FindAsync(workspace.Id, new Engine.AccountKey("acme"), CancellationToken.None))!.State.Account.Id;
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Refuse = line =>
        {
            if (line == "taken")
            {
                arrived.TrySetResult();
            }

            return null;
        };
        await store.Notifications.AppendAsync(
            workspace.Id, [new Notification { Type = NotificationTypes.AlertRaised, Account = account, At = NodaTime.SystemClock.Instance.GetCurrentInstant(), Data = "{}"u8.ToArray() }], CancellationToken.None);
        await arrived.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(("ada@example.com", "Weir: alert.raised for acme"), (Assert.Single(server.Mails).To, server.Mails[0].Header("Subject")));
    }
}
