using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

using Weir.Server.Tests.Program;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

[Collection(ProgramCollection.Name)]
public sealed class ServeNotificationTests
{
    [Fact(DisplayName = "ACC-1: the program takes its master key and its options from the environment; a webhook's secret survives a restart under the same key")]
    public async Task FromTheEnvironment()
    {
        using TemporaryFolder folder = new();
        await using Receiver receiver = new();
        Dictionary<string, string?> environment = new()
        {
            ["WEIR_MASTER_KEY"] = WeirHost.MasterKey, ["Weir__Webhooks__AllowHttp"] = "true", ["Weir__Webhooks__AllowedNetworks__0"] = "127.0.0.0/8",
        };
        string id;
        string secret;
        await using (RunningServer first = await RunningServer.StartAsync(folder.File("data"), RunningServer.AdminKey, environment))
        {
            JsonElement made = await (await first.Client.PostAsJsonAsync("/api/v1/webhooks", new { url = receiver.Url })).Content.ReadFromJsonAsync<JsonElement>();
            (id, secret) = (made.GetProperty("webhook").GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!);
            Assert.Equal(0, await first.StopAsync());
            Assert.DoesNotContain(secret, first.Log, StringComparison.Ordinal);
        }

        await using RunningServer second = await RunningServer.StartAsync(folder.File("data"), RunningServer.AdminKey, environment);
        JsonElement tested = await (await second.Client.PostAsJsonAsync($"/api/v1/webhooks/{id}/test", new { })).Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(tested.GetProperty("delivered").GetBoolean(), tested.ToString());
        Assert.True(Assert.Single(receiver.Calls).IsSignedBy(secret));
        Assert.Equal(0, await second.StopAsync());
    }

    [Theory(DisplayName = "ACC-1: a master key or an option that cannot be used stops the start with what is wrong")]
    [InlineData("WEIR_MASTER_KEY", "too short", "WEIR_MASTER_KEY cannot be used")]
    [InlineData("Weir__Webhooks__AllowedNetworks__0", "10.0.0.1/8", "AllowedNetworks")]
    [InlineData("Weir__Webhooks__AtOnce", "0", "AtOnce")]
    [InlineData("Weir__Mail__Host", "mail.example.com", "Weir:Mail:From")]
    public async Task Refused(string name, string value, string why)
    {
        using TemporaryFolder folder = new();
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => RunningServer.StartAsync(folder.File("data"), RunningServer.AdminKey, new Dictionary<string, string?> { [name] = value }));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }
}
