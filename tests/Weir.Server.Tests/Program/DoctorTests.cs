using System.Text.Json;

using Weir.Storage.Tests;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class DoctorTests
{
    [Fact(DisplayName = "doctor --data: a folder with a running server is sound; one that is none ends with 2 and says what to do")]
    public async Task AFolder()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        CommandResult missing = await WeirProcess.RunAsync("doctor", "--data", data);
        Assert.Equal(2, missing.Code);
        Assert.Contains("fault file: there is no database", missing.Output, StringComparison.Ordinal);
        Assert.Contains("  do: ", missing.Output, StringComparison.Ordinal);
        Assert.EndsWith("1 fault, 0 warnings", missing.Output.Trim(), StringComparison.Ordinal);
        await using RunningServer server = await RunningServer.StartAsync(data);
        CommandResult running = await WeirProcess.RunAsync("doctor", "--data", data);
        Assert.True(running.Code == 0, running.Output + running.Error);
        Assert.Contains("0 faults", running.Output, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "doctor --postgres: the runtime role is sound, the owner is a fault with exit code 2, and --json says the same to programs")]
    public async Task ADatabase()
    {
        PostgreSqlCluster cluster = PostgreSqlCluster.Current;
        string name = cluster.Rent();
        try
        {
            CommandResult sound = await WeirProcess.RunAsync("doctor", "--postgres", cluster.ConnectionString(name, PostgreSqlCluster.Runtime), "--nodes", "3", "--json");
            Assert.True(sound.Code == 0, sound.Output + sound.Error);
            using JsonDocument told = JsonDocument.Parse(sound.Output);
            Assert.True(told.RootElement.GetProperty("sound").GetBoolean());
            Assert.StartsWith(name + " on ", told.RootElement.GetProperty("subject").GetString(), StringComparison.Ordinal);

            CommandResult owner = await WeirProcess.RunAsync("doctor", "--postgres", cluster.ConnectionString(name, PostgreSqlCluster.Owner), "--json");
            Assert.Equal(2, owner.Code);
            using JsonDocument faults = JsonDocument.Parse(owner.Output);
            Assert.False(faults.RootElement.GetProperty("sound").GetBoolean());
            JsonElement first = faults.RootElement.GetProperty("findings")[0];
            Assert.Equal(("fault", "owner"), (first.GetProperty("level").GetString(), first.GetProperty("check").GetString()));
            Assert.Contains("weir migrate --runtime-user", first.GetProperty("do").GetString(), StringComparison.Ordinal);
            Assert.NotEmpty(first.GetProperty("what").GetString()!);

            CommandResult many = await WeirProcess.RunAsync("doctor", "--postgres", cluster.ConnectionString(name, PostgreSqlCluster.Runtime), "--nodes", "100");
            Assert.Equal(2, many.Code);
            Assert.Contains("fault connections: ", many.Output, StringComparison.Ordinal);
        }
        finally
        {
            cluster.GiveBack(name);
        }
    }

    [Theory(DisplayName = "doctor: what cannot be meant is said")]
    [InlineData("doctor --postgres Host=h --data d", "give --data, or --postgres")]
    [InlineData("doctor --postgres Host=h --nodes 0", "--nodes is a number from 1 to 1000")]
    public async Task Refusals(string arguments, string message)
    {
        CommandResult refused = await WeirProcess.RunAsync(arguments.Split(' '));
        Assert.Equal(1, refused.Code);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
    }
}
