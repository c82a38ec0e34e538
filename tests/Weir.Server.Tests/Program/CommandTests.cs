using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class CommandTests
{
    [Fact(DisplayName = "keys: made in a stopped server's folder, they open the server; revoked over HTTP, they are refused at once")]
    public async Task Keys()
    {
        using TemporaryFolder folder = new();
        string data = await NewFolderAsync(folder);
        CommandResult made = await WeirProcess.RunAsync("keys", "create", "--name", "worker", "--scopes", "ingest", "--test", "--data", data);
        Assert.Equal(0, made.Code);
        string key = made.Output.Trim();
        Assert.StartsWith("weir_test_default_", key, StringComparison.Ordinal);

        await using RunningServer server = await RunningServer.StartAsync(data);
        using HttpClient client = server.ClientWith(key);
        Assert.Equal(HttpStatusCode.OK, await RecordAsync(client, "k1"));
        CommandResult list = await WeirProcess.RunAsync("keys", "list", "--url", server.Url, "--key", RunningServer.AdminKey);
        string line = Assert.Single(list.Output.Split('\n'), l => l.Contains("worker", StringComparison.Ordinal));
        Assert.Contains("ingest", line, StringComparison.Ordinal);
        CommandResult revoked = await WeirProcess.RunAsync("keys", "revoke", line.Trim().Split(' ')[0], "--url", server.Url, "--key", RunningServer.AdminKey);
        Assert.Equal(0, revoked.Code);
        Assert.Equal(HttpStatusCode.Unauthorized, await RecordAsync(client, "k2"));
    }

    [Theory(DisplayName = "keys: what cannot be made is said")]
    [InlineData("--name", "x", "--scopes", "ingest,write", "'write' is not a scope; allowed are ingest, read, admin.")]
    [InlineData("--name", " ", "--scopes", "read", "--name must have a text")]
    [InlineData("--name", "x", "--data", "no-such-folder", "There is no data in 'no-such-folder'")]
    [InlineData("--name", "x", "--key", "k", "--key is for a running server: name it with --url")]
    [InlineData("--name", "x", "--url", "nonsense", "A running server asks for an admin key")]
    public async Task KeyRefusals(string first, string second, string third, string fourth, string message)
    {
        CommandResult refused = await WeirProcess.RunAsync("keys", "create", first, second, third, fourth);
        Assert.Equal(1, refused.Code);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "CAT-1: catalog validate and apply name every error with its line, and nothing changes")]
    public async Task CatalogErrors()
    {
        using TemporaryFolder folder = new();
        string data = await NewFolderAsync(folder);
        string wrong = folder.Write("wrong.yaml", "name: wrong\ndefaultPlan: gold\nmeters:\n  calls: { unit: call, scale: 12 }\nplans:\n  free: {}\n");
        foreach (string[] command in (string[][])[["validate", wrong], ["apply", wrong, "--data", data]])
        {
            CommandResult refused = await WeirProcess.RunAsync(["catalog", .. command]);
            Assert.Equal(1, refused.Code);
            Assert.Contains("wrong.yaml", refused.Error, StringComparison.Ordinal);
            Assert.Contains("/meters/calls/scale", refused.Error, StringComparison.Ordinal);
            Assert.Contains("/defaultPlan", refused.Error, StringComparison.Ordinal);
            Assert.Contains("nothing was changed", refused.Error, StringComparison.Ordinal);
        }

        CommandResult shown = await WeirProcess.RunAsync("catalog", "show", "--data", data);
        Assert.Equal(Catalogs.Small, shown.Output);
    }

    [Fact(DisplayName = "catalog apply speaks to a running server, and show gives any version back")]
    public async Task CatalogOverHttp()
    {
        using TemporaryFolder folder = new();
        string data = await NewFolderAsync(folder);
        string next = folder.Write("next.yaml", Catalogs.Small.Replace("limit: 100", "limit: 200", StringComparison.Ordinal));
        await using RunningServer server = await RunningServer.StartAsync(data);
        CommandResult applied = await WeirProcess.RunAsync("catalog", "apply", next, "--url", server.Url, "--key", RunningServer.AdminKey);
        Assert.Equal(("Version 2 is active", 0), (applied.Output.Trim(), applied.Code));
        CommandResult first = await WeirProcess.RunAsync("catalog", "show", "--version", "1", "--url", server.Url, "--key", RunningServer.AdminKey);
        Assert.Equal(Catalogs.Small, first.Output);
        CommandResult wrong = await WeirProcess.RunAsync("catalog", "apply", folder.Write("no.yaml", "name: x\n"), "--url", server.Url, "--key", RunningServer.AdminKey);
        Assert.Equal(1, wrong.Code);
        Assert.Contains("defaultPlan", wrong.Error, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "import: what is refused is named by its line, the rest is recorded; a repeat counts nothing twice")]
    public async Task ImportByLine()
    {
        using TemporaryFolder folder = new();
        string data = await NewFolderAsync(folder);
        string file = folder.Write("events.jsonl", """
            {"id":"e1","account":"acme","type":"work","at":"2024-02-29T12:00:00Z","properties":{"n":2.5}}
            {"id":"e2","account":"acme","type":"wrok","at":"2024-03-01T12:00:00Z","properties":{"n":1}}

            {"id":"e4","account":"acme","type":"work","properties":{"n":1},"colour":"red"}
            not json
            {"account":"acme","type":"work","properties":{"n":1}}
            {"id":"e7","account":"acme","type":"call","at":"2024-03-01T12:00:00Z","status":"error","failed":true}
            """);
        CommandResult first = await WeirProcess.RunAsync("import", file, "--data", data);
        Assert.Equal(1, first.Code);
        Assert.Equal("6 lines: 2 recorded, 0 were there already, 4 refused", first.Output.Trim());
        Assert.Equal(
            ["line 2: unknown_event_type", "line 4: invalid_request", "line 5: invalid_request", "line 6: invalid_request"],
            first.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(':', line.Split(':')[..2])).Order());
        Assert.Contains("/colour", first.Error, StringComparison.Ordinal);

        CommandResult again = await WeirProcess.RunAsync("import", file, "--data", data);
        Assert.Equal("6 lines: 0 recorded, 2 were there already, 4 refused", again.Output.Trim());

        await using RunningServer server = await RunningServer.StartAsync(data);
        CommandResult remote = await WeirProcess.RunAsync("import", file, "--url", server.Url, "--key", RunningServer.AdminKey);
        Assert.Equal("6 lines: 0 recorded, 2 were there already, 4 refused", remote.Output.Trim());
        Assert.Contains("line 5: invalid_request", remote.Error, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "PER-5: an import takes history of any age, but not into a period with live events; --live records within the usual bounds")]
    public async Task ImportHistory()
    {
        using TemporaryFolder folder = new();
        string data = await NewFolderAsync(folder);
        await using RunningServer server = await RunningServer.StartAsync(data);
        Assert.Equal(HttpStatusCode.OK, await RecordAsync(server.Client, "live-1"));
        // After the live event, so that it lies in the same period at any time of day.
        string now = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ");
        string file = folder.Write("events.csv", $"id,account,type,at,properties.n\nh1,acme,work,2019-05-05T00:00:00Z,1\nh2,acme,work,{now},1\n");
        CommandResult history = await WeirProcess.RunAsync("import", file, "--url", server.Url, "--key", RunningServer.AdminKey);
        Assert.Equal("2 lines: 1 recorded, 0 were there already, 1 refused", history.Output.Trim());
        Assert.Contains("line 3: import_into_live_period", history.Error, StringComparison.Ordinal);
        string late = folder.Write("late.csv", $"id,account,type,at,properties.n\nl1,acme,work,2019-05-05T00:00:00Z,1\nl2,acme,work,{now},1\n");
        CommandResult live = await WeirProcess.RunAsync("import", late, "--live", "--url", server.Url, "--key", RunningServer.AdminKey);
        Assert.Contains("line 2: time_out_of_range", live.Error, StringComparison.Ordinal);
        Assert.StartsWith("2 lines: 1 recorded", live.Output, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "export and import are each other's inverse")]
    [InlineData("jsonl")]
    [InlineData("csv")]
    public async Task RoundTrip(string format)
    {
        using TemporaryFolder folder = new();
        string data = await NewFolderAsync(folder);
        await using (RunningServer server = await RunningServer.StartAsync(data))
        {
            object[] events =
            [
                new { id = "r1", account = "acme", type = "work", properties = new { n = 1.25m, note = "a \"quoted\" text, with\nlines", code = "007", flag = true, nested = new { a = new[] { 1, 2 } } }, user = "u-1", source = "web" },
                new { id = "r2", account = "bell", type = "call", provider = "openai", model = "gpt-5", latencyMs = 12, status = "200", cost = new { amount = 0.0125m, currency = "USD" } },
                new { id = "r3", account = "acme", type = "call", campaign = "spring", resource = "doc-1", requestId = "q", address = "10.0.0.1", userAgent = "curl/8", key = "k" },
            ];
            using HttpResponseMessage answer = await server.Client.PostAsJsonAsync("/api/v1/events", events);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            // The folder can be read while the server runs on it.
            CommandResult beside = await WeirProcess.RunAsync("export", "--data", data, "--account", "acme");
            Assert.Equal(2, beside.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }

        string first = folder.File("first." + format);
        Assert.Equal(0, (await WeirProcess.RunAsync("export", "--data", data, "--out", first)).Code);
        string other = folder.File("other");
        await using (RunningServer server = await RunningServer.StartAsync(other, RunningServer.AdminKey, "--catalog", folder.File("catalog.yaml")))
        {
            await server.StopAsync();
        }

        CommandResult import = await WeirProcess.RunAsync("import", first, "--data", other);
        Assert.Equal("3 lines: 3 recorded, 0 were there already, 0 refused", import.Output.Trim());
        string second = folder.File("second." + format);
        Assert.Equal(0, (await WeirProcess.RunAsync("export", "--data", other, "--out", second)).Code);
        Assert.Equal(await File.ReadAllTextAsync(first), await File.ReadAllTextAsync(second));
    }

    private static async Task<string> NewFolderAsync(TemporaryFolder folder)
    {
        string data = folder.File("data");
        await using RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", folder.Write("catalog.yaml", Catalogs.Small));
        Assert.Equal(0, await server.StopAsync());
        return data;
    }

    private static async Task<HttpStatusCode> RecordAsync(HttpClient client, string id)
    {
        using HttpResponseMessage answer = await client.PostAsJsonAsync("/api/v1/events", new { id, account = "acme", type = "call" });
        return answer.StatusCode;
    }
}
