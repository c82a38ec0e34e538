using System.Net;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class WebhookApiTests
{
    [Fact(DisplayName = "HOOK-1: a webhook is made, read, changed, listed and removed; its secret is shown once")]
    public async Task Lifecycle()
    {
        await using WeirHost host = await StartAsync();
        Reply made = (await host.Admin.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://hooks.example.com/weir", "description": "Büro", "types": ["alert.raised", "job.stuck"] }""")).Expect(HttpStatusCode.Created);
        string secret = (string)made["secret"]!;
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", secret);
        Assert.Equal("no-store", made.Message.Headers.CacheControl!.ToString());
        JsonNode webhook = made["webhook"]!;
        string id = (string)webhook["id"]!;
        Assert.Equal(
            $$"""{"id":"{{id}}","url":"https://hooks.example.com/weir","description":"Büro","types":["alert.raised","job.stuck"],"disabled":false,"disabledReason":null,"disabledAt":null,"createdAt":"{{webhook["createdAt"]}}","lastSuccessAt":null,"secrets":[{"createdAt":"{{webhook["createdAt"]}}","expiresAt":null}]}""",
            (await host.Admin.ReadAsync($"/api/v1/webhooks/{id}")).ExpectOk().Text);

        Reply off = (await host.Admin.PutJsonAsync($"/api/v1/webhooks/{id}", """{ "disabled": true, "types": [], "description": "" }""")).ExpectOk();
        Assert.Equal((true, "requested", 0, null, "https://hooks.example.com/weir"),
            ((bool)off["disabled"]!, (string)off["disabledReason"]!, off["types"]!.AsArray().Count, (string?)off["description"], (string)off["url"]!));
        (await host.Admin.PostJsonAsync($"/api/v1/webhooks/{id}/redeliver", """{ "since": "2026-01-01T00:00:00Z" }""")).ExpectProblem(HttpStatusCode.Conflict, "webhook_disabled");
        Assert.False((bool)(await host.Admin.PutJsonAsync($"/api/v1/webhooks/{id}", """{ "disabled": false }""")).ExpectOk()["disabled"]!);

        foreach (string call in new[] { "rotate", "test" })
        {
            using HttpResponseMessage withoutBody = await host.Admin.PostAsync($"/api/v1/webhooks/{id}/{call}", null);
            Assert.Equal(HttpStatusCode.OK, withoutBody.StatusCode);
        }

        Reply list = (await host.Admin.ReadAsync("/api/v1/webhooks")).ExpectOk();
        Assert.Single(list["items"]!.AsArray());
        Assert.DoesNotContain(secret, list.Text, StringComparison.Ordinal);
        (await host.Admin.DeleteCallAsync($"/api/v1/webhooks/{id}")).Expect(HttpStatusCode.NoContent);
        (await host.Admin.DeleteCallAsync($"/api/v1/webhooks/{id}")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await host.Admin.ReadAsync($"/api/v1/webhooks/{id}")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact(DisplayName = "HOOK-1: the types of notifications are listed with what they tell, and a webhook takes no other")]
    public async Task Types()
    {
        await using WeirHost host = await StartAsync();
        using HttpClient reader = await host.ClientOfAsync("read");
        JsonArray types = (await reader.ReadAsync("/api/v1/webhooks/types")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(NotificationTypes.All, types.Select(type => ((string)type!["type"]!, (string)type["description"]!)));
        Reply refused = await host.Admin.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://hooks.example.com/", "types": ["alert.raised", "alert.raise"] }""");
        refused.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal("/types/1", (string?)refused["errors"]![0]!["pointer"]);
        Assert.Contains("alert.raised", (string)refused["detail"]!, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "HOOK-6: an address that webhooks may not reach is refused when it is written down already")]
    [InlineData("http://hooks.example.com/", "https")]
    [InlineData("https://127.0.0.1/", "not a public address")]
    [InlineData("https://0x7f.1/", "unusually")]
    [InlineData("https://[::1]/", "not a public address")]
    [InlineData("nonsense", "absolute")]
    public async Task Addresses(string url, string why)
    {
        await using WeirHost host = await WeirHost.StartAsync();
        Reply refused = await host.Admin.PostJsonAsync("/api/v1/webhooks", $$"""{ "url": "{{url}}" }""");
        refused.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal("/url", (string?)refused["errors"]![0]!["pointer"]);
        Assert.Contains(why, (string)refused["detail"]!, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "ACC-1: without a master key no webhook and no secret is made, and the answer says what is missing")]
    public async Task NoMasterKey()
    {
        await using WeirHost host = await WeirHost.StartAsync(configure: options => options.MasterKey = null);
        Reply refused = await host.Admin.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://hooks.example.com/" }""");
        refused.ExpectProblem(HttpStatusCode.Conflict, "master_key_required");
        Assert.Contains("WEIR_MASTER_KEY", (string)refused["detail"]!, StringComparison.Ordinal);
        (await host.Admin.PostJsonAsync("/api/v1/webhooks/wh_x/rotate", "{}")).ExpectProblem(HttpStatusCode.Conflict, "master_key_required");
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/webhooks")).ExpectOk()["items"]!.AsArray());
    }

    [Fact(DisplayName = "HOOK-1: a workspace has at most as many webhooks as its server says")]
    public async Task Many()
    {
        await using WeirHost host = await StartAsync(options => options.MostWebhooks = 2);
        for (int i = 0; i < 2; i++)
        {
            (await host.Admin.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://hooks.example.com/" }""")).Expect(HttpStatusCode.Created);
        }

        (await host.Admin.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://hooks.example.com/" }""")).ExpectProblem(HttpStatusCode.Conflict, "too_many_webhooks");
        using HttpClient other = await host.NewWorkspaceAsync("other");
        (await other.PostJsonAsync("/api/v1/webhooks", """{ "url": "https://hooks.example.com/" }""")).Expect(HttpStatusCode.Created);
    }

    [Fact(DisplayName = "HOOK-1, HOOK-2, HOOK-5: a running server delivers by itself; the log shows every attempt; test, rotation and redelivery work over the API")]
    public async Task Delivers()
    {
        await using WeirHost host = await StartAsync();
        await using Receiver receiver = new();
        Reply made = (await host.Admin.PostJsonAsync("/api/v1/webhooks", $$"""{ "url": "{{receiver.Url}}" }""")).Expect(HttpStatusCode.Created);
        (string id, string first) = ((string)made["webhook"]!["id"]!, (string)made["secret"]!);

        Reply tested = (await host.Admin.PostJsonAsync($"/api/v1/webhooks/{id}/test", "{}")).ExpectOk();
        Assert.True((bool)tested["delivered"]!);
        Assert.Equal((200, "fine"), ((int)tested["attempt"]!["status"]!, (string)tested["attempt"]!["answer"]!));
        await receiver.ArrivedAsync();
        Assert.True(receiver.Calls[0].IsSignedBy(first));

        string second = (string)(await host.Admin.PostJsonAsync($"/api/v1/webhooks/{id}/rotate", """{ "keepOldFor": 600 }""")).ExpectOk()["secret"]!;
        await TellAsync(host, "msg_1");
        await receiver.ArrivedAsync();
        Assert.Equal(("msg_1", true, true), (receiver.Calls[1].Id, receiver.Calls[1].IsSignedBy(first), receiver.Calls[1].IsSignedBy(second)));
        (await host.Admin.PostJsonAsync($"/api/v1/webhooks/{id}/rotate", """{ "keepOldFor": 0 }""")).ExpectOk();

        (await host.Admin.PostJsonAsync($"/api/v1/webhooks/{id}/redeliver", """{ "message": "msg_1" }""")).ExpectOk();
        await receiver.ArrivedAsync();
        Assert.Equal(("msg_1", false, false), (receiver.Calls[2].Id, receiver.Calls[2].IsSignedBy(first), receiver.Calls[2].IsSignedBy(second)));
        (await host.Admin.PostJsonAsync($"/api/v1/webhooks/{id}/redeliver", """{ "message": "msg_none" }""")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        foreach (string body in new[] { "{}", """{ "message": "msg_1", "since": "2026-01-01T00:00:00Z" }""" })
        {
            (await host.Admin.PostJsonAsync($"/api/v1/webhooks/{id}/redeliver", body)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        }

        JsonNode log = await DeliveredAsync(host, id, "msg_1");
        Assert.Equal(("alert.raised", "delivered", """{"meter":"credits"}"""), ((string)log["type"]!, (string)log["state"]!, log["data"]!.ToJsonString()));
        Assert.Equal(2, (int)log["log"]!.AsArray()[^1]!["number"]!);

        JsonNode page = (await host.Admin.ReadAsync($"/api/v1/webhooks/{id}/deliveries?limit=1")).ExpectOk().Json;
        Assert.Equal("msg_1", (string?)page["items"]![0]!["message"]);
        JsonNode next = (await host.Admin.ReadAsync($"/api/v1/webhooks/{id}/deliveries?limit=1&cursor={page["next"]}")).ExpectOk().Json;
        Assert.Equal("webhook.test", (string?)next["items"]![0]!["type"]);
        Assert.Empty((await host.Admin.ReadAsync($"/api/v1/webhooks/{id}/deliveries?state=failed")).ExpectOk()["items"]!.AsArray());
        foreach (string query in new[] { "state=lost", "type=none", "limit=0", "cursor=x", "other=1" })
        {
            (await host.Admin.ReadAsync($"/api/v1/webhooks/{id}/deliveries?{query}")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        }
    }

    [Fact(DisplayName = "ACC-2: notifications of one workspace go to its own webhooks alone")]
    public async Task OwnWorkspaceOnly()
    {
        await using WeirHost host = await StartAsync();
        await using Receiver own = new();
        await using Receiver others = new();
        using HttpClient other = await host.NewWorkspaceAsync("other");
        (await host.Admin.PostJsonAsync("/api/v1/webhooks", $$"""{ "url": "{{own.Url}}" }""")).Expect(HttpStatusCode.Created);
        Reply theirs = (await other.PostJsonAsync("/api/v1/webhooks", $$"""{ "url": "{{others.Url}}" }""")).Expect(HttpStatusCode.Created);
        await TellAsync(host, "msg_own");
        await own.ArrivedAsync();
        (await other.PostJsonAsync($"/api/v1/webhooks/{theirs["webhook"]!["id"]}/redeliver", """{ "message": "msg_own" }""")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await other.PostJsonAsync($"/api/v1/webhooks/{theirs["webhook"]!["id"]}/test", "{}")).ExpectOk();
        Assert.Equal("webhook.test", Assert.Single(others.Calls).Json.GetProperty("type").GetString());
        Assert.Equal("other", others.Calls[0].Json.GetProperty("workspace").GetString());
        Assert.Equal("msg_own", Assert.Single(own.Calls).Id);
    }

    private static Task<WeirHost> StartAsync(Action<WebhookOptions>? configure = null) => WeirHost.StartAsync(services: services => services.Configure<WebhookOptions>(options =>
    {
        options.AllowHttp = true;
        options.AllowPrivateTargets = true;
        configure?.Invoke(options);
    }));

    private static async Task TellAsync(WeirHost host, string id)
    {
        IWeirStore store = host.Services.GetRequiredService<IWeirStore>();
        WorkspaceId workspace = (await store.Workspaces.FindAsync("default", CancellationToken.None))!.Id;
        await store.Notifications.AppendAsync(
            workspace, [new Notification { Id = id, Type = NotificationTypes.AlertRaised, At = NodaTime.SystemClock.Instance.GetCurrentInstant(), Data = """{"meter":"credits"}"""u8.ToArray() }], CancellationToken.None);
        host.Services.GetRequiredService<NotificationDispatcher>().Wake();
    }

    /// <summary>The receiver has a notification a moment before the server has marked it.</summary>
    private static async Task<JsonNode> DeliveredAsync(WeirHost host, string webhook, string message)
    {
        for (int i = 0; i < 6_000; i++)
        {
            JsonNode delivery = (await host.Admin.ReadAsync($"/api/v1/webhooks/{webhook}/deliveries?message={message}")).ExpectOk()["items"]![0]!;
            if ((string?)delivery["state"] == "delivered")
            {
                return delivery;
            }

            await Task.Delay(20);
        }

        throw new TimeoutException("It was never marked as delivered.");
    }
}
