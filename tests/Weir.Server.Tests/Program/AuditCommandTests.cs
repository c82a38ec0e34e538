using System.Net;
using System.Net.Http.Json;

using Microsoft.Data.Sqlite;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class AuditCommandTests
{
    [Fact(DisplayName = "AUD-2: audit verify walks the log of a folder and of a running server, compares a noted head, and ends with 2 at a broken link")]
    public async Task Verify()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        string head;
        await using (RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--catalog", folder.Write("catalog.yaml", Catalogs.Small)))
        {
            using HttpResponseMessage made = await server.Client.PostAsJsonAsync("/api/v1/keys", new { name = "worker", scopes = new[] { "read" } });
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
            CommandResult remote = await WeirProcess.RunAsync("audit", "verify", "--url", server.Url, "--key", RunningServer.AdminKey);
            Assert.Equal(0, remote.Code);
            // The workspace, the catalog of the file, the key.
            Assert.StartsWith("default: 3 records, every link holds", remote.Output, StringComparison.Ordinal);
            head = Assert.Single(remote.Output.Split('\n'), line => line.StartsWith("head 3:", StringComparison.Ordinal))["head ".Length..].Trim();
            CommandResult beside = await WeirProcess.RunAsync("audit", "verify", "--data", data, "--expect", head);
            Assert.Equal((0, remote.Output), (beside.Code, beside.Output));
            Assert.Equal(0, await server.StopAsync());
        }

        Assert.Equal(0, (await WeirProcess.RunAsync("keys", "create", "--name", "another", "--data", data)).Code);
        Assert.Equal(0, (await WeirProcess.RunAsync("audit", "verify", "--data", data, "--expect", head)).Code);
        await ChangeAsync(data, "DELETE FROM audit WHERE number = 4");
        Assert.Equal(0, (await WeirProcess.RunAsync("audit", "verify", "--data", data)).Code);
        await ChangeAsync(data, "DELETE FROM audit WHERE number = 3");
        CommandResult cut = await WeirProcess.RunAsync("audit", "verify", "--data", data, "--expect", head);
        Assert.Equal(2, cut.Code);
        Assert.Contains("Record 3 was noted as written; the log ends before it.", cut.Output, StringComparison.Ordinal);
        await ChangeAsync(data, "UPDATE audit SET actor = 'cli' WHERE number = 2");
        CommandResult changed = await WeirProcess.RunAsync("audit", "verify", "--data", data);
        Assert.Equal(2, changed.Code);
        Assert.StartsWith("default: 1 records, Record 2 is not what it was", changed.Output, StringComparison.Ordinal);

        await using (RunningServer server = await RunningServer.StartAsync(data))
        {
            CommandResult remote = await WeirProcess.RunAsync("audit", "verify", "--url", server.Url, "--key", RunningServer.AdminKey);
            Assert.Equal((2, changed.Output), (remote.Code, remote.Output));
        }

        CommandResult wrong = await WeirProcess.RunAsync("audit", "verify", "--data", data, "--expect", "3");
        Assert.Equal(1, wrong.Code);
        Assert.Contains("NUMBER:HASH", wrong.Error, StringComparison.Ordinal);
    }

    private static async Task ChangeAsync(string data, string sql)
    {
        await using SqliteConnection file = new($"Data Source={Path.Combine(data, "weir.db")};Pooling=False");
        await file.OpenAsync();
        using SqliteCommand change = file.CreateCommand();
#pragma warning disable CA2100 // The texts are those of the test.
        change.CommandText = sql;
#pragma warning restore CA2100
        Assert.Equal(1, await change.ExecuteNonQueryAsync());
    }
}
