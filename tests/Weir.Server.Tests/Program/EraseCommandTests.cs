using System.Net.Http.Json;
using System.Text;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class EraseCommandTests
{
    /// <summary>Everything by which somebody could be told.</summary>
    private static readonly string[] s_secrets =
    [
        "ada-lovelace", "Augusta King", "cus-27q", "user-of-ada", "campaign-of-ada", "key-of-ada", "id-of-ada", "request-of-ada", "resource-of-ada", "10.77.66.55",
        "agent-of-ada", "note-of-ada", "ada@example.com", "reason-of-ada", "actor-of-ada", "override-of-ada", "job-of-ada", "denied-of-ada",
    ];

    [Fact(DisplayName = "PRIV-1: after an erase neither the database's files, nor the log, nor an export has one of the erased texts, while the server runs and after it has ended")]
    public async Task NothingIsLeft()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        string log;
        await using (RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", folder.Write("catalog.yaml", Catalogs.Small)))
        {
            await FillAsync(server.Client);
            Assert.All(s_secrets.Except(["denied-of-ada"]), secret => Assert.True(Left(data, secret), secret));
            CommandResult whole = await WeirProcess.RunAsync("export", "--data", data);
            Assert.Contains("id-of-ada-1", whole.Output, StringComparison.Ordinal);

            CommandResult user = await WeirProcess.RunAsync("erase", "ada-lovelace", "--user", "user-of-ada", "--url", server.Url, "--key", RunningServer.AdminKey);
            Assert.True(user.Code == 0, user.Output + user.Error);
            Assert.StartsWith("Erased; 1 open reservations were released.", user.Output, StringComparison.Ordinal);
            Assert.False(Left(data, "user-of-ada"));
            CommandResult account = await WeirProcess.RunAsync("erase", "ada-lovelace", "--url", server.Url, "--key", RunningServer.AdminKey);
            Assert.Equal((0, "Erased; 0 open reservations were released.\n"), (account.Code, account.Output));
            Assert.DoesNotContain(s_secrets, secret => Left(data, secret));
            await ExportsNothingAsync(data);
            CommandResult again = await WeirProcess.RunAsync("erase", "ada-lovelace", "--url", server.Url, "--key", RunningServer.AdminKey);
            Assert.Equal((0, "Nothing to erase: nobody of this name is there.\n"), (again.Code, again.Output));
            Assert.Equal(0, (await WeirProcess.RunAsync("verify", "--data", data)).Code);
            Assert.Equal(0, (await WeirProcess.RunAsync("audit", "verify", "--data", data)).Code);

            // A process that dies leaves no more than one that ends.
            await server.KillAsync();
            log = server.Log + server.Output;
        }

        Assert.DoesNotContain(s_secrets, secret => log.Contains(secret, StringComparison.Ordinal));
        Assert.DoesNotContain(s_secrets, secret => Left(data, secret));
        await ExportsNothingAsync(data);
        CommandResult stopped = await WeirProcess.RunAsync("erase", "bob", "--data", data);
        Assert.True(stopped.Code == 0, stopped.Output + stopped.Error);
        Assert.Equal("Erased; 0 open reservations were released.\n", stopped.Output);
        Assert.DoesNotContain(s_secrets.Append("user-of-bob"), secret => Left(data, secret));
        Assert.Equal(0, (await WeirProcess.RunAsync("verify", "--data", data)).Code);
        Assert.Equal(1, (await WeirProcess.RunAsync("erase", "not a key", "--data", data)).Code);
    }

    private static async Task FillAsync(HttpClient client)
    {
        await SendAsync(client.PutAsJsonAsync("/api/v1/accounts/ada-lovelace", new { name = "Augusta King", externalIds = new { billing = "cus-27q" } }));
        await SendAsync(client.PutAsJsonAsync("/api/v1/accounts/ada-lovelace/plan", new { name = "Made for one", allowances = new { calls = new { limit = 0, per = "month" } } }));
        await SendAsync(client.PutAsJsonAsync("/api/v1/accounts/ada-lovelace/overrides/work", new { limit = 4000, reason = "override-of-ada" }));
        await SendAsync(client.PutAsJsonAsync("/api/v1/accounts/ada-lovelace/contacts", new { contacts = new[] { new { address = "ada@example.com" } } }));
        await SendAsync(client.PostAsJsonAsync("/api/v1/portal/tokens", new { account = "ada-lovelace", user = "user-of-ada" }));
        object[] events =
        [
            .. Enumerable.Range(1, 40).Select(i => new
            {
                id = $"id-of-ada-{i}", account = "ada-lovelace", type = "work", user = "user-of-ada", campaign = "campaign-of-ada", key = "key-of-ada", requestId = "request-of-ada",
                resource = "resource-of-ada", address = "10.77.66.55", userAgent = "agent-of-ada", properties = new { n = 1, note = "note-of-ada" },
            }),
            new { id = "of-bob", account = "bob", type = "work", user = "user-of-bob", properties = new { n = 1 } },
        ];
        await SendAsync(client.PostAsJsonAsync("/api/v1/events", events));
        await SendAsync(client.PostAsJsonAsync("/api/v1/accounts/ada-lovelace/adjustments", new { id = "id-of-ada-adj", meter = "work", amount = 2, reason = "reason-of-ada", actor = "actor-of-ada" }));
        await SendAsync(client.PostAsJsonAsync("/api/v1/accounts/ada-lovelace/grants", new { id = "id-of-ada-grant", meter = "work", amount = 2, reason = "reason-of-ada", actor = "actor-of-ada" }));
        await SendAsync(client.PostAsJsonAsync("/api/v1/events/id-of-ada-3/reverse", new { reason = "reason-of-ada" }));
        await SendAsync(client.PostAsJsonAsync("/api/v1/reservations", new { id = "job-of-ada", account = "ada-lovelace", type = "work", user = "user-of-ada", properties = new { n = 1 } }));
        await SendAsync(client.PostAsJsonAsync("/api/v1/consume", new { id = "denied-of-ada", account = "ada-lovelace", type = "call", user = "user-of-ada" }));
        await SendAsync(client.PostAsJsonAsync("/api/v1/consume", new { id = "denied-of-ada", account = "ada-lovelace", type = "no_such_type", user = "user-of-ada" }), mayFail: true);
    }

    private static async Task SendAsync(Task<HttpResponseMessage> sending, bool mayFail = false)
    {
        using HttpResponseMessage answer = await sending;
        Assert.True(mayFail || answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task ExportsNothingAsync(string data)
    {
        foreach (string format in (string[])["jsonl", "csv"])
        {
            CommandResult export = await WeirProcess.RunAsync("export", "--data", data, "--format", format, "--reversed", "--charges");
            Assert.Equal(0, export.Code);
            Assert.Contains("of-bob", export.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(s_secrets, secret => (export.Output + export.Error).Contains(secret, StringComparison.Ordinal));
        }
    }

    /// <summary>Whether a file of the server's folder has the text, whatever the file is for.</summary>
    private static bool Left(string data, string secret)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(secret);
        foreach (string file in Directory.GetFiles(data, "*", SearchOption.AllDirectories))
        {
            // The lock is an empty file that nobody else may open.
            if (!file.EndsWith(".lock", StringComparison.Ordinal))
            {
                using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using MemoryStream bytes = new();
                stream.CopyTo(bytes);
                if (bytes.GetBuffer().AsSpan(0, (int)bytes.Length).IndexOf(wanted) >= 0)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
