using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

using Microsoft.Extensions.Configuration;

using Weir.PostgreSql;
using Weir.Storage.Tests;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class PostgreSqlServeTests : IDisposable
{
    private static readonly PostgreSqlCluster s_cluster = PostgreSqlCluster.Current;

    private readonly string _name = s_cluster.NewEmptyDatabase();

    private string Owner => s_cluster.ConnectionString(_name, PostgreSqlCluster.Owner);

    private string Runtime => s_cluster.ConnectionString(_name, PostgreSqlCluster.Runtime);

    public void Dispose() => s_cluster.Drop(_name);

    [Fact(DisplayName = "serve --postgres: nodes share nothing but the database, and a limit holds over all of them (BAL-2); verify, export and close work beside them (LOG-3)")]
    public async Task NodesShareTheDatabase()
    {
        CommandResult migrated = await WeirProcess.RunAsync("migrate", "--postgres", Owner, "--runtime-user", PostgreSqlCluster.Runtime);
        Assert.True(migrated.Code == 0, migrated.Error);
        CommandResult again = await WeirProcess.RunAsync("migrate", "--postgres", Owner, "--runtime-user", PostgreSqlCluster.Runtime);
        Assert.Contains("0 steps applied", again.Output, StringComparison.Ordinal);

        RunningServer[] nodes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => RunningServer.StartAsync(null, RunningServer.AdminKey, "--postgres", Runtime)));
        await using RunningServer first = nodes[0];
        await using RunningServer second = nodes[1];
        using StringContent catalog = new(Catalogs.Small, Encoding.UTF8, new MediaTypeHeaderValue("application/yaml"));
        using HttpResponseMessage put = await first.Client.PutAsync(new Uri("/api/v1/catalog", UriKind.Relative), catalog);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());

        bool[] allowed = await Task.WhenAll(Enumerable.Range(0, 150).Select(async i =>
        {
            using HttpResponseMessage response = await nodes[i % 2].Client.PostAsJsonAsync(new Uri("/api/v1/consume", UriKind.Relative), new { id = $"c-{i}", account = "acme", type = "call" });
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, body);
            using JsonDocument answer = JsonDocument.Parse(body);
            return answer.RootElement.GetProperty("allowed").GetBoolean();
        }));
        Assert.Equal(100, allowed.Count(yes => yes));

        // A key that one node revokes is refused by the other (ACC-1).
        using JsonDocument key = JsonDocument.Parse(await (await first.Client.PostAsJsonAsync(new Uri("/api/v1/keys", UriKind.Relative), new { name = "short", scopes = new[] { "read" } })).Content.ReadAsStringAsync());
        using HttpClient holder = new() { BaseAddress = second.Client.BaseAddress };
        holder.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key.RootElement.GetProperty("key").GetString());
        Uri read = new("/api/v1/accounts/acme/usage", UriKind.Relative);
        Assert.Equal(HttpStatusCode.OK, (await holder.GetAsync(read)).StatusCode);
        using HttpResponseMessage revoked = await first.Client.DeleteAsync(new Uri($"/api/v1/keys/{key.RootElement.GetProperty("id").GetString()}", UriKind.Relative));
        Assert.True(revoked.IsSuccessStatusCode);
        while ((await holder.GetAsync(read)).StatusCode != HttpStatusCode.Unauthorized)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        // Beside nodes that write: exact, as of one moment.
        using (CancellationTokenSource stop = new())
        {
            Task[] writers =
            [
                .. nodes.Select(async (node, n) =>
                {
                    for (int i = 0; !stop.IsCancellationRequested; i++)
                    {
                        object[] events = [.. Enumerable.Range(0, 10).Select(e => new { id = $"w-{n}-{i}-{e}", account = $"busy-{e % 3}", type = "work", properties = new { n = e } })];
                        using HttpResponseMessage answer = await node.Client.PostAsJsonAsync(new Uri("/api/v1/events", UriKind.Relative), events);
                        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
                    }
                }),
            ];
            CommandResult running = await WeirProcess.RunAsync("verify", "--postgres", Runtime);
            Assert.True(running.Code == 0, running.Output + running.Error);
            CommandResult exported = await WeirProcess.RunAsync("export", "--postgres", Runtime, "--account", "acme");
            Assert.Equal(100, exported.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            CommandResult closed = await WeirProcess.RunAsync("close", "--postgres", Runtime);
            Assert.True(closed.Code == 0, closed.Output + closed.Error);
            Assert.StartsWith("default: ", closed.Output, StringComparison.Ordinal);
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        CommandResult verified = await WeirProcess.RunAsync("verify", "--postgres", Runtime);
        Assert.True(verified.Code == 0, verified.Output + verified.Error);
        Assert.Contains("no difference", verified.Output, StringComparison.Ordinal);
        Assert.Equal(0, await first.StopAsync());
        Assert.Equal(0, await second.StopAsync());

        s_cluster.Execute(_name, "DELETE FROM weir.events WHERE seq = (SELECT max(seq) FROM weir.events)");
        CommandResult changed = await WeirProcess.RunAsync("verify", "--postgres", Runtime);
        Assert.Equal(2, changed.Code);
        Assert.Contains("is stored, the log says", changed.Output, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "SLOT-2, serve --postgres: every node shows who waits at any of them, and the places of one that is killed go to those behind")]
    public async Task NodesShareTheQueue()
    {
        const string catalog = """
            name: queue
            defaultPlan: free
            meters: { units: { unit: unit } }
            events: { render: { slot: render, charges: { units: 1 } } }
            plans: { free: { allowances: { units: { limit: 100 } }, slots: { render: 1 } } }
            """;
        CommandResult migrated = await WeirProcess.RunAsync("migrate", "--postgres", Owner, "--runtime-user", PostgreSqlCluster.Runtime);
        Assert.True(migrated.Code == 0, migrated.Error);
        await using RunningServer killed = await RunningServer.StartAsync(null, RunningServer.AdminKey, "--postgres", Runtime);
        await using RunningServer node = await RunningServer.StartAsync(null, RunningServer.AdminKey, "--postgres", Runtime);
        using StringContent content = new(catalog, Encoding.UTF8, new MediaTypeHeaderValue("application/yaml"));
        using HttpResponseMessage put = await node.Client.PutAsync(new Uri("/api/v1/catalog", UriKind.Relative), content);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        Assert.True((await ReserveAsync(node, "run", 0)).GetProperty("allowed").GetBoolean());
        Task<JsonElement> lost = ReserveAsync(killed, "of-the-dead", 120);
        while (await WaitingAsync(node) != "of-the-dead 1")
        {
            await Task.Yield();
        }

        Task<JsonElement> waits = ReserveAsync(node, "waits", 120);
        while (await WaitingAsync(killed) != "of-the-dead 1, waits 2")
        {
            await Task.Yield();
        }

        await killed.KillAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => lost);
        using HttpResponseMessage released = await node.Client.PostAsync(new Uri("/api/v1/reservations/run/release", UriKind.Relative), null);
        Assert.True(released.IsSuccessStatusCode, await released.Content.ReadAsStringAsync());
        Assert.True((await waits).GetProperty("allowed").GetBoolean());
        Assert.Equal("", await WaitingAsync(node));
        Assert.Equal(0, await node.StopAsync());

        static async Task<JsonElement> ReserveAsync(RunningServer at, string id, int wait)
        {
            using HttpResponseMessage response = await at.Client.PostAsJsonAsync(new Uri("/api/v1/reservations", UriKind.Relative), new { id, account = "acme", type = "render", wait });
            return await response.Content.ReadFromJsonAsync<JsonElement>();
        }

        static async Task<string> WaitingAsync(RunningServer at) => string.Join(", ", (await at.Client.GetFromJsonAsync<JsonElement>(new Uri("/api/v1/admin/jobs", UriKind.Relative)))
            .GetProperty("waiting").EnumerateArray().Select(job => $"{job.GetProperty("id").GetString()} {job.GetProperty("position").GetInt32()}"));
    }

    [Fact(DisplayName = "serve --postgres: the owner is refused with what to do, and serves with --insecure-owner, migrating by itself")]
    public async Task AnOwnerIsRefused()
    {
        CommandResult empty = await WeirProcess.RunAsync("serve", "--urls", "http://127.0.0.1:0", "--postgres", Owner);
        Assert.Equal(1, empty.Code);
        Assert.Contains("weir migrate", empty.Error, StringComparison.Ordinal);
        await using (RunningServer server = await RunningServer.StartAsync(null, RunningServer.AdminKey, "--postgres", Owner, "--insecure-owner"))
        {
            Assert.Equal(0, await server.StopAsync());
        }

        CommandResult owner = await WeirProcess.RunAsync("serve", "--urls", "http://127.0.0.1:0", "--postgres", Owner);
        Assert.Equal(1, owner.Code);
        Assert.Contains("weir migrate --runtime-user", owner.Error, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "serve --postgres: connections and time-outs come from Weir__PostgreSql__…, and what cannot be meant there is said")]
    [InlineData("Connections", "1", "Connections must be between 2 and 1000")]
    [InlineData("LockTimeout", "soon", "LockTimeout")]
    [InlineData("BatchTimeout", "02:00:00", "BatchTimeout must be between")]
    public void Options(string name, string value, string fault)
    {
        PostgreSqlStoreOptions asked = new() { ConnectionString = "Host=h;Database=d;Username=u", InsecureOwner = true };
        PostgreSqlStoreOptions configured = PostgreSqlConnection.Configured(asked, Of(("Connections", "64"), ("LockTimeout", "00:00:07"), ("ConnectionString", "Host=elsewhere"), ("InsecureOwner", "false")));
        Assert.Equal(asked with { Connections = 64, LockTimeout = TimeSpan.FromSeconds(7) }, configured);
        CommandException refused = Assert.Throws<CommandException>(() => PostgreSqlConnection.Configured(asked, Of((name, value))));
        Assert.Contains(fault, refused.Message, StringComparison.Ordinal);

        static IConfiguration Of(params (string Name, string Value)[] settings) => new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>("Weir:PostgreSql:" + setting.Name, setting.Value))).Build();
    }

    [Theory(DisplayName = "serve --postgres, migrate: what cannot be meant is said")]
    [InlineData("serve --postgres nonsense", "The connection to PostgreSQL cannot be read")]
    [InlineData("serve --postgres Host=h --data d", "give --data, or --postgres")]
    [InlineData("serve --insecure-owner", "name it with --postgres")]
    [InlineData("migrate --runtime-user r", "Name the database with --postgres")]
    [InlineData("migrate --postgres Host=/nowhere;Database=d;Username=u --runtime-user r", "cannot be reached")]
    public async Task Refusals(string arguments, string message)
    {
        CommandResult refused = await WeirProcess.RunAsync(arguments.Split(' '));
        Assert.Equal(1, refused.Code);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
    }
}
