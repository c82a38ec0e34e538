using System.Text;

using NodaTime;

namespace Weir.Storage.Tests;

public sealed class MailTests
{
    [Theory(DisplayName = "HOOK-8: a mail arrives as a mail should, over STARTTLS, TLS or in the clear, and after logging in")]
    [InlineData(MailSecurity.StartTls, "AUTH PLAIN LOGIN")]
    [InlineData(MailSecurity.StartTls, "AUTH LOGIN")]
    [InlineData(MailSecurity.Tls, "AUTH PLAIN")]
    [InlineData(MailSecurity.None, "")]
    public async Task Arrives(MailSecurity security, string auth)
    {
        await using MailServer server = new() { IsEncrypted = security == MailSecurity.Tls };
        server.Offers = ["STARTTLS", auth, "SIZE 1000000"];
        await using AlertDesk desk = await OpenAsync(server, security, auth.Length > 0);
        long account = await desk.AccountAsync("acme");
        await desk.Get<ContactService>().ReplaceAsync(desk.Workspace.Id, account, [("ada@example.com", [])], AuditActor.Host, CancellationToken.None);
        await desk.TellAsync(Sample.Note("msg_1") with { Account = account, Data = Encoding.UTF8.GetBytes("""{"meter":"créd\r\n.its","threshold":80,"more":{"a":[1]}}""") });

        await desk.CatchUpAsync();
        await desk.CatchUpAsync();

        ReceivedMail mail = Assert.Single(server.Mails);
        Assert.Equal(("weir@host.example", "ada@example.com", security != MailSecurity.None), (mail.From, mail.To, mail.Encrypted));
        Assert.Equal(auth.Length > 0 ? "mailer:pass word é" : null, mail.User);
        Assert.Equal("weir@host.example", mail.Header("From"));
        Assert.Equal("ada@example.com", mail.Header("To"));
        Assert.Equal("Weir: alert.raised for acme", mail.Header("Subject"));
        Assert.Equal("<msg_1@host.example>", mail.Header("Message-ID"));
        Assert.Equal(desk.Clock.GetUtcNow().ToString("r").Replace("GMT", "+0000", StringComparison.Ordinal), mail.Header("Date"));
        Assert.Equal("auto-generated", mail.Header("Auto-Submitted"));
        Assert.Equal("text/plain; charset=utf-8", mail.Header("Content-Type"));
        Assert.All(mail.Text.Split("\r\n"), line => Assert.True(line.Length <= 78 && line.All(char.IsAscii)));
        Assert.StartsWith("An account has reached a threshold of one of its limits.\r\n\r\naccount: acme\r\nworkspace: default\r\ntime: 2026-", mail.Body, StringComparison.Ordinal);
        Assert.EndsWith("Z\r\nmeter: créd  .its\r\nthreshold: 80\r\nmore: {\"a\":[1]}\r\n\r\nalert.raised msg_1\r\n", mail.Body, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "HOOK-8: an account's people are mailed of their own account, operators of every one, each of the types that they chose")]
    public async Task Recipients()
    {
        await using MailServer server = new();
        await using AlertDesk desk = await OpenAsync(server);
        (long acme, long beta) = (await desk.AccountAsync("acme"), await desk.AccountAsync("beta"));
        ContactService contacts = desk.Get<ContactService>();
        await contacts.ReplaceAsync(desk.Workspace.Id, acme, [("ada@example.com", []), ("jobs@example.com", [NotificationTypes.JobStuck])], AuditActor.Host, CancellationToken.None);
        await contacts.ReplaceAsync(desk.Workspace.Id, beta, [("bob@example.com", [])], AuditActor.Host, CancellationToken.None);
        await contacts.ReplaceAsync(desk.Workspace.Id, 0, [("ops@example.com", [NotificationTypes.AlertRaised])], AuditActor.Host, CancellationToken.None);
        await desk.TellAsync(Sample.Note("msg_1") with { Account = acme });
        await desk.TellAsync(Sample.Note("msg_2", NotificationTypes.JobStuck) with { Account = beta });
        await desk.TellAsync(Sample.Note("msg_3", NotificationTypes.ScheduleLate) with { Account = 0 });
        await desk.CatchUpAsync();
        Assert.Equal(
            ["ada@example.com msg_1", "bob@example.com msg_2", "ops@example.com msg_1"],
            server.Mails.Select(mail => $"{mail.To} {mail.Header("Message-ID").Split('@')[0].TrimStart('<')}").Order(StringComparer.Ordinal));
    }

    [Fact(DisplayName = "HOOK-8: a mail that cannot be taken now is sent again under the same Message-ID; one that is refused for good is not")]
    public async Task Retries()
    {
        await using MailServer server = new();
        await using AlertDesk desk = await OpenAsync(server);
        await desk.Get<ContactService>().ReplaceAsync(desk.Workspace.Id, 0, [("ada@example.com", [])], AuditActor.Host, CancellationToken.None);
        string target = Assert.Single(await desk.Get<ContactService>().ListAsync(desk.Workspace.Id, 0, CancellationToken.None)).Id;
        server.Refuse = line => line == "taken" ? "451 not now" : null;
        await desk.TellAsync("msg_1");
        await desk.CatchUpAsync();
        Assert.Equal((DeliveryState.Pending, 451), ((await desk.DeliveryAsync(target)).State, (await desk.DeliveryAsync(target)).Log[0].Status));

        // What has to do with the server, and not with the mail, is tried again, also where the code says for good.
        server.Refuse = line => line.StartsWith("EHLO", StringComparison.Ordinal) ? "554 not you" : null;
        await desk.NextAsync();
        Assert.Equal(DeliveryState.Pending, (await desk.DeliveryAsync(target)).State);

        server.Refuse = _ => null;
        await desk.NextAsync();
        Assert.Equal((DeliveryState.Delivered, 3), ((await desk.DeliveryAsync(target)).State, (await desk.DeliveryAsync(target)).Attempts));
        Assert.Equal(["<msg_1@host.example>", "<msg_1@host.example>"], server.Mails.Select(mail => mail.Header("Message-ID")));

        server.Refuse = line => line.StartsWith("RCPT", StringComparison.Ordinal) ? "550 <ada@example.com>: there is no Ada" : null;
        await desk.TellAsync("msg_2");
        await desk.CatchUpAsync();
        Delivery refused = (await desk.DeliveriesAsync(target))[0];
        Assert.Equal((DeliveryState.Failed, 550), (refused.State, refused.Log[0].Status));
    }

    [Fact(DisplayName = "PRIV-1: an address stands among the contacts alone, not in what a mail server says of it")]
    public async Task AddressesStayOut()
    {
        using SqliteFolder folder = new();
        await using MailServer server = new();
        server.Refuse = line => line.StartsWith("RCPT", StringComparison.Ordinal) ? "451 <Ada.Secret@Example.com>: ada.secret is over quota" : null;
        TimedClock clock = new(Sample.Now);
        await using AlertDesk desk = await OpenAsync(server, store: new Weir.Sqlite.SqliteStore(folder.Options, clock), clock: clock);
        long account = await desk.AccountAsync("acme");
        ContactService contacts = desk.Get<ContactService>();
        await contacts.ReplaceAsync(desk.Workspace.Id, account, [("ada.secret@example.com", [])], AuditActor.Host, CancellationToken.None);
        string target = Assert.Single(await contacts.ListAsync(desk.Workspace.Id, account, CancellationToken.None)).Id;
        await desk.TellAsync(Sample.Note("msg_1") with { Account = account });
        await desk.CatchUpAsync();
        Assert.Equal("<…>: … is over quota", (await desk.DeliveryAsync(target)).Log[0].Answer);

        foreach (object?[] table in folder.Query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'contacts'"))
        {
            Assert.DoesNotContain(folder.Query($"SELECT * FROM {table[0]}"), row => row.Any(value => value?.ToString()?.Contains("ada.secret", StringComparison.OrdinalIgnoreCase) == true));
        }

        Assert.True((await desk.Get<PrivacyService>().EraseAsync(desk.Workspace.Id, new Engine.AccountKey("acme"), null, AuditActor.Host, CancellationToken.None)).Complete);
        Assert.Empty(folder.Query("SELECT * FROM contacts"));
        Assert.Empty(folder.Query("SELECT * FROM deliveries"));
    }

    [Fact(DisplayName = "HOOK-8: a mail server that hangs, lies, floods or offers no TLS delays nothing else and gets no password")]
    public async Task HostileServers()
    {
        await using MailServer server = new();
        await using Receiver receiver = new();
        await using AlertDesk desk = await OpenAsync(server);
        (Webhook webhook, _) = await desk.HookAsync(receiver.Url);
        await desk.Get<ContactService>().ReplaceAsync(desk.Workspace.Id, 0, [("ada@example.com", [])], AuditActor.Host, CancellationToken.None);
        string target = Assert.Single(await desk.Get<ContactService>().ListAsync(desk.Workspace.Id, 0, CancellationToken.None)).Id;
        List<string> lines = [];
        server.Offers = ["AUTH PLAIN"];
        server.Refuse = line =>
        {
            lines.Add(line);
            return null;
        };
        await desk.TellAsync("msg_1");
        await desk.CatchUpAsync();
        Assert.Contains("offers no STARTTLS", (await desk.DeliveryAsync(target)).Log[0].Error, StringComparison.Ordinal);
        Assert.DoesNotContain(lines, line => line.StartsWith("AUTH", StringComparison.Ordinal));

        server.Refuse = line => line == "connect" ? new string('x', 5000) : null;
        await desk.NextAsync();
        Assert.Equal("The mail server sends lines that are too long.", (await desk.DeliveryAsync(target)).Log[1].Error);
        server.Refuse = line => line == "connect" ? "hello" : null;
        await desk.NextAsync();
        Assert.Equal("The mail server does not speak SMTP.", (await desk.DeliveryAsync(target)).Log[2].Error);
        server.Refuse = line => line == "connect" ? string.Concat(Enumerable.Repeat("220-more\r\n", 200)) : null;
        await desk.NextAsync();
        Assert.Equal("The mail server does not speak SMTP.", (await desk.DeliveryAsync(target)).Log[3].Error);

        // It says nothing at all: the line is open, and the mail's time ends.
        using ManualResetEventSlim silent = new();
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Refuse = line =>
        {
            reached.TrySetResult();
            silent.Wait();
            return null;
        };
        Task hanging = desk.NextAsync();
        await reached.Task;
        desk.Clock.Advance(Duration.FromSeconds(60));
        await hanging;
        silent.Set();
        Assert.Equal("The mail server did not take the mail within 60 s.", (await desk.DeliveryAsync(target)).Log[4].Error);
        Assert.Equal(DeliveryState.Delivered, (await desk.DeliveryAsync(webhook.Id)).State);
    }

    [Fact(DisplayName = "HOOK-8: a certificate that is not valid for the server ends the conversation before anything is said")]
    public async Task Certificates()
    {
        await using MailServer server = new();
        await using AlertDesk desk = await OpenAsync(server);
        desk.Get<MailSender>().Certificate = null;
        await desk.Get<ContactService>().ReplaceAsync(desk.Workspace.Id, 0, [("ada@example.com", [])], AuditActor.Host, CancellationToken.None);
        string target = Assert.Single(await desk.Get<ContactService>().ListAsync(desk.Workspace.Id, 0, CancellationToken.None)).Id;
        await desk.TellAsync("msg_1");
        await desk.CatchUpAsync();
        Assert.Equal("The mail server's TLS certificate is not valid, or TLS failed.", (await desk.DeliveryAsync(target)).Log[0].Error);
        Assert.Empty(server.Mails);
    }

    [Theory(DisplayName = "HOOK-8: addresses are plain: nothing that could become another command or header")]
    [InlineData("ada@example.com", true)]
    [InlineData("a.b+c-d_e@sub.example-1.com", true)]
    [InlineData("ops@localhost", true)]
    [InlineData("", false)]
    [InlineData("@example.com", false)]
    [InlineData("ada@", false)]
    [InlineData("ada", false)]
    [InlineData("a@b@c", false)]
    [InlineData("a..b@example.com", false)]
    [InlineData(".a@example.com", false)]
    [InlineData("a.@example.com", false)]
    [InlineData("a@.example.com", false)]
    [InlineData("a@example.com.", false)]
    [InlineData("a@-example.com", false)]
    [InlineData("a b@example.com", false)]
    [InlineData("a@exam ple.com", false)]
    [InlineData("\"a b\"@example.com", false)]
    [InlineData("a@example.com>\r\nRCPT TO:<eve@example.com", false)]
    [InlineData("a@example.com,b@example.com", false)]
    [InlineData("Ada <ada@example.com>", false)]
    [InlineData("ad\u00e9@example.com", false)]
    public void Addresses(string text, bool valid) => Assert.Equal(valid, MailAddress.IsValid(text));

    [Theory(DisplayName = "HOOK-8: the subject says what happened, in one line")]
    [InlineData("alert.raised", """{"kind":"threshold","meter":"credits","used":85.5,"held":5,"limit":100,"threshold":{"percent":80}}""", "Weir: acme has used 85.5 of 100 credits")]
    [InlineData("alert.raised", """{"kind":"threshold","meter":"credits","used":90,"held":5,"limit":100,"threshold":{"remaining":10}}""", "Weir: acme has 10 or less of 100 credits left")]
    [InlineData("alert.raised", """{"kind":"threshold","meter":"cost","used":20.01,"held":0,"limit":null,"threshold":{"amount":20}}""", "Weir: acme has used 20.01 cost")]
    [InlineData("alert.resolved", """{"kind":"threshold","meter":"credits","used":85,"limit":100}""", "Weir: resolved: credits of acme")]
    [InlineData("alert.resolved", """{"kind":"job_stuck","type":"job"}""", "Weir: resolved: a job 'job' of acme")]
    [InlineData("job.stuck", """{"kind":"job_stuck","type":"job\r\nBcc: eve@example.com"}""", "Weir: a job 'job  Bcc: eve@example.com' of acme has not been heard of")]
    [InlineData("usage.unusual", """{"kind":"usage_unusual","type":"call","events":500,"mostUsual":100}""", "Weir: acme uses far more 'call' than usual: 500 in an hour")]
    [InlineData("schedule.late", """{"job":"closing"}""", "Weir: schedule.late for acme")]
    [InlineData("alert.raised", """{"kind":"threshold","meter":5}""", "Weir: alert.raised for acme")]
    public void Subjects(string type, string data, string subject) =>
        Assert.Equal(subject, NotificationText.Subject(Sample.Note("msg_1", type) with { Data = Encoding.UTF8.GetBytes(data) }, "default", "acme"));

    [Fact(DisplayName = "HOOK-8: a long subject is folded into words that every reader of mail understands")]
    public void LongSubjects()
    {
        string subject = "Weir: alert.raised for " + new string('k', 255) + " é\r\nBcc: eve@example.com";
        string mail = Encoding.ASCII.GetString(MailMessage.Write("a@b.example", "c@d.example", subject, "x", "msg_1", Sample.Now));
        string[] words = mail.Split("\r\n").SkipWhile(line => !line.StartsWith("Subject: ", StringComparison.Ordinal)).TakeWhile(line => line.StartsWith("Subject: ", StringComparison.Ordinal) || line[0] == ' ')
            .Select(line => line.Replace("Subject:", "", StringComparison.Ordinal).Trim()).ToArray();
        Assert.All(words, word => Assert.True(word.Length <= 75 && word.StartsWith("=?utf-8?B?", StringComparison.Ordinal) && word.EndsWith("?=", StringComparison.Ordinal)));
        Assert.Equal(subject.Replace("\r\n", "  ", StringComparison.Ordinal), string.Concat(words.Select(word => Encoding.UTF8.GetString(Convert.FromBase64String(word[10..^2])))));
        Assert.DoesNotContain("\r\nBcc", mail, StringComparison.Ordinal);
    }

    private static async Task<AlertDesk> OpenAsync(MailServer server, MailSecurity security = MailSecurity.StartTls, bool logsIn = false, IWeirStore? store = null, TimedClock? clock = null)
    {
        AlertDesk desk = await AlertDesk.OpenAsync(store, clock: clock, mail: mail =>
        {
            mail.Host = "localhost";
            mail.Port = server.Port;
            mail.Security = security;
            mail.From = "weir@host.example";
            mail.User = logsIn ? "mailer" : null;
            mail.Password = logsIn ? "pass word é" : null;
        });
        desk.Get<MailSender>().Certificate = (_, certificate, _, _) => certificate?.GetCertHashString() == server.Certificate.GetCertHashString();
        return desk;
    }
}
