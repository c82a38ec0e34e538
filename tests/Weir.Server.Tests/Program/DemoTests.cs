using System.Text.Json;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class DemoTests
{
    [Fact(DisplayName = "the demo: 25 accounts with 90 days of usage, several near their limits; a restart makes nothing twice")]
    public async Task Demo()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("data");
        await using (RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--demo"))
        {
            await server.SeesAsync("live traffic begins");
            Assert.Contains("(0 refused)", server.Log, StringComparison.Ordinal);
            Assert.Equal(0, await server.StopAsync());
        }

        CommandResult verify = await WeirProcess.RunAsync("verify", "--data", data);
        Assert.True(verify.Code == 0, verify.Output + verify.Error);
        JsonElement[] history = await HistoryAsync(data);
        Assert.Equal(25, history.Select(e => e.GetProperty("account").GetString()).Distinct().Count());
        Assert.InRange(history.Length, 20_000, 60_000);
        Assert.InRange(history.Select(e => e.GetProperty("at").GetString()![..10]).Distinct().Count(), 85, 92);
        Assert.Contains(history, e => e.TryGetProperty("cost", out _) && e.GetProperty("provider").GetString() == "anthropic");
        Assert.Contains(history, e => e.TryGetProperty("failed", out _));

        await using (RunningServer server = await RunningServer.StartAsync(data, RunningServer.AdminKey, "--demo"))
        {
            await server.SeesAsync("live traffic begins");
            Assert.Equal(0, await server.StopAsync());
        }

        JsonElement[] after = await HistoryAsync(data);
        Assert.Equal(history.Length, after.Length);
    }

    /// <summary>The events of the demo's history, without its live traffic.</summary>
    private static async Task<JsonElement[]> HistoryAsync(string data)
    {
        CommandResult export = await WeirProcess.RunAsync("export", "--data", data);
        Assert.Equal(0, export.Code);
        return
        [
            .. export.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize<JsonElement>(line))
                .Where(e => !e.GetProperty("id").GetString()!.StartsWith("demo-live-", StringComparison.Ordinal)),
        ];
    }
}
