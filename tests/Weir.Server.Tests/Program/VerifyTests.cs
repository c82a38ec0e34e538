using System.Net.Http.Json;

using Microsoft.Data.Sqlite;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class VerifyTests
{
    [Fact(DisplayName = "LOG-3: verify finds nothing while a server writes; a balance that was changed behind its back is named, with exit code 2, and repaired")]
    public async Task Verify()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        await using (RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", folder.Write("catalog.yaml", Catalogs.Small)))
        {
            using CancellationTokenSource stop = new();
            int sent = 0;
            Task[] writers = [.. Enumerable.Range(0, 8).Select(async writer =>
            {
                for (int i = 0; !stop.IsCancellationRequested; i++)
                {
                    object[] events = [.. Enumerable.Range(0, 10).Select(n => new { id = $"{writer}-{i}-{n}", account = $"a{n}", type = "work", properties = new { n } })];
                    using HttpResponseMessage answer = await server.Client.PostAsJsonAsync("/api/v1/events", events);
                    answer.EnsureSuccessStatusCode();
                    Interlocked.Add(ref sent, events.Length);
                }
            })];
            for (int look = 0; look < 3; look++)
            {
                int before = Volatile.Read(ref sent);
                CommandResult running = await WeirProcess.RunAsync("verify", "--data", data);
                Assert.True(running.Code == 0, running.Output + running.Error);
                Assert.Contains("no difference", running.Output, StringComparison.Ordinal);
                Assert.True(int.Parse(running.Output.Split(' ')[1]) >= before);
            }

            await stop.CancelAsync();
            await Task.WhenAll(writers);
            Assert.Equal(0, await server.StopAsync());
        }

        Assert.Equal(0, (await WeirProcess.RunAsync("verify", "--data", data)).Code);
        await using (SqliteConnection file = new($"Data Source={Path.Combine(data, "weir.db")};Pooling=False"))
        {
            await file.OpenAsync();
            using SqliteCommand change = file.CreateCommand();
            change.CommandText = "UPDATE balances SET used = used + 1 WHERE account = (SELECT max(account) FROM balances)";
            Assert.Equal(1, await change.ExecuteNonQueryAsync());
        }

        CommandResult changed = await WeirProcess.RunAsync("verify", "--data", data);
        Assert.Equal(2, changed.Code);
        Assert.Contains("is stored, the log says", changed.Output, StringComparison.Ordinal);
        Assert.EndsWith("1 differences", changed.Output.Trim(), StringComparison.Ordinal);

        CommandResult undirected = await WeirProcess.RunAsync("repair", "--data", data);
        Assert.NotEqual(0, undirected.Code);
        Assert.Contains("--from-ledger", undirected.Error, StringComparison.Ordinal);
        CommandResult repaired = await WeirProcess.RunAsync("repair", "--from-ledger", "--data", data);
        Assert.True(repaired.Code == 0, repaired.Output + repaired.Error);
        Assert.Contains("default: repaired balance of a", repaired.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await WeirProcess.RunAsync("verify", "--data", data)).Code);
        Assert.Equal(0, (await WeirProcess.RunAsync("audit", "verify", "--data", data)).Code);
    }
}
