using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed partial class ServeTests
{
    [Fact(DisplayName = "serve makes the first admin key, prints it once, and keeps it out of the log")]
    public async Task FirstKey()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        RunningServer first = await RunningServer.StartAsync(data, adminKey: null);
        await using (first)
        {
            using HttpResponseMessage live = await first.Client.GetAsync("/health/live");
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data));
            }

            using HttpResponseMessage ready = await first.Client.GetAsync("/health/ready");
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
            Assert.Equal(0, await first.StopAsync());
        }

        string key = Assert.Single(KeyText().Matches(first.Output)).Value;
        Assert.DoesNotContain(key, first.Log, StringComparison.Ordinal);

        await using RunningServer second = await RunningServer.StartAsync(data, adminKey: null);
        using HttpClient client = second.ClientWith(key);
        using HttpResponseMessage allowed = await client.PostAsync("/api/v1/import", new StringContent("", null, "application/jsonl"));
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        await second.StopAsync();
        Assert.Empty(KeyText().Matches(second.Output));
    }

    [Theory(DisplayName = "A path at which there is nothing is answered with a problem document, like every other error")]
    [InlineData("/api/v1/acounts/acme")]
    [InlineData("/nothing.json")]
    public async Task UnknownPath(string path)
    {
        using TemporaryFolder folder = new();
        await using RunningServer server = await RunningServer.StartAsync(folder.File("data"));
        using HttpResponseMessage answer = await server.Client.GetAsync(path);
        Assert.Equal(("application/problem+json", HttpStatusCode.NotFound), (answer.Content.Headers.ContentType?.MediaType, answer.StatusCode));
        Assert.Contains("\"code\":\"not_found\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "ACC-1: WEIR_ADMIN_KEY has at least 32 characters, and serve says so when it has not")]
    public async Task ShortAdminKey()
    {
        using TemporaryFolder folder = new();
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => RunningServer.StartAsync(folder.File("data"), adminKey: "short"));
        Assert.Contains("WEIR_ADMIN_KEY has 5 characters; it must have at least 32", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("data")));
    }

    [Fact(DisplayName = "WEIR_ADMIN_KEY acts as an admin key of the workspace default, and no other is made")]
    public async Task GivenAdminKey()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        await using (RunningServer server = await RunningServer.StartAsync(data))
        {
            using HttpResponseMessage answer = await server.Client.PostAsync("/api/v1/import", new StringContent("", null, "application/jsonl"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(0, await server.StopAsync());
            Assert.Empty(KeyText().Matches(server.Output));
        }

        CommandResult keys = await WeirProcess.RunAsync("keys", "list", "--data", data);
        Assert.Equal(0, keys.Code);
        Assert.Single(keys.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    [Fact(DisplayName = "a port that is taken is named, with what to do")]
    public async Task PortTaken()
    {
        using TemporaryFolder folder = new();
        await using RunningServer server = await RunningServer.StartAsync(folder.File("one"));
        CommandResult second = await WeirProcess.RunAsync("serve", "--urls", server.Url, "--data", folder.File("two"));
        Assert.Equal(1, second.Code);
        Assert.Contains("choose another address with --urls", second.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Error, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "what serve cannot do is one message that says what to do instead")]
    [InlineData("--urls", "nonsense", "cannot listen on 'nonsense'")]
    [InlineData("--urls", "http://127.0.0.1:99999999", "cannot listen on")]
    [InlineData("--catalog", "no-such-catalog.yaml", "no-such-catalog.yaml")]
    [InlineData("--colour", "red", "--colour")]
    public async Task Refusals(string option, string value, string message)
    {
        using TemporaryFolder folder = new();
        string[] urls = option == "--urls" ? [] : ["--urls", "http://127.0.0.1:0"];
        CommandResult refused = await WeirProcess.RunAsync(["serve", "--data", folder.File("data"), option, value, .. urls]);
        Assert.Equal(1, refused.Code);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Error, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "TX-2: SIGTERM under load: every answer given is 200 and durable")]
    public async Task StopsUnderLoad()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        string catalog = folder.Write("catalog.yaml", Catalogs.Small);
        ConcurrentBag<string> acknowledged = [];
        ConcurrentBag<HttpStatusCode> others = [];
        await using (RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", catalog))
        {
            TaskCompletionSource busy = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Task[] writers = [.. Enumerable.Range(0, 24).Select(async writer =>
            {
                for (int i = 0; ; i++)
                {
                    string id = $"w{writer}-{i}";
                    try
                    {
                        using HttpResponseMessage answer = await server.Client.PostAsJsonAsync(
                            "/api/v1/events", new { id, account = $"a{writer % 5}", type = "work", properties = new { n = 1 } });
                        if (answer.StatusCode != HttpStatusCode.OK)
                        {
                            others.Add(answer.StatusCode);
                            return;
                        }

                        acknowledged.Add(id);
                        if (acknowledged.Count > 500)
                        {
                            busy.TrySetResult();
                        }
                    }
                    catch (HttpRequestException)
                    {
                        // Nothing was answered: the sender would repeat it with the same id.
                        return;
                    }
                }
            })];
            await busy.Task.WaitAsync(WeirProcess.Patience);
            Assert.Equal(0, await server.StopAsync());
            await Task.WhenAll(writers);
            Assert.Contains("everything that was accepted has been answered", server.Log, StringComparison.Ordinal);
        }

        Assert.Empty(others);
        await using RunningServer again = await RunningServer.StartAsync(data);
        foreach (string[] ids in acknowledged.Chunk(1000))
        {
            object[] events = [.. ids.Select(id => new { id, account = $"a{int.Parse(id[1..id.IndexOf('-')]) % 5}", type = "work", properties = new { n = 1 } })];
            using HttpResponseMessage answer = await again.Client.PostAsJsonAsync("/api/v1/events", events);
            JsonElement results = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("results");
            Assert.All(results.EnumerateArray(), result => Assert.Equal("duplicate", result.GetProperty("status").GetString()));
        }
    }

    [Fact(DisplayName = "a server's folder has one writer: another is told who holds it and to use --url")]
    public async Task OneWriter()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        await using RunningServer server = await RunningServer.StartAsync(data);
        CommandResult keys = await WeirProcess.RunAsync("keys", "create", "--name", "worker", "--data", data);
        Assert.Equal(1, keys.Code);
        Assert.Contains("--url", keys.Error, StringComparison.Ordinal);
        Assert.Empty(keys.Output);

        CommandResult second = await WeirProcess.RunAsync("serve", "--urls", "http://127.0.0.1:0", "--data", data);
        Assert.Equal(1, second.Code);
        Assert.DoesNotContain("   at ", second.Error, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "the pages of problems and the reference are served without a key")]
    public async Task Pages()
    {
        using TemporaryFolder folder = new();
        await using RunningServer server = await RunningServer.StartAsync(folder.File("data"));
        using HttpClient anyone = new() { BaseAddress = new Uri(server.Url) };
        string page = await anyone.GetStringAsync("/docs/problems/limit_exceeded");
        Assert.Contains("<h1", page, StringComparison.Ordinal);
        string reference = await anyone.GetStringAsync("/docs/index.html");
        Assert.DoesNotContain("https://", reference, StringComparison.Ordinal);
        using HttpResponseMessage unknown = await anyone.GetAsync("/docs/problems/no_such_code");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [GeneratedRegex(@"weir_live_default_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", RegexOptions.None, 1000)]
    private static partial Regex KeyText();
}
