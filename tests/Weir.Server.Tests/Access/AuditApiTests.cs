using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class AuditApiTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "AUD-1: every call that changes the configuration is one record with its key; reading and refused calls are none")]
    public async Task EveryChange()
    {
        await using WeirHost host = await StartAsync();
        Reply made = (await host.Admin.PostJsonAsync("/api/v1/keys", """{ "name": "Ops", "scopes": ["admin"] }""")).Expect(HttpStatusCode.Created);
        using HttpClient ops = host.ClientWith((string)made["key"]!);
        int before = (await ItemsAsync(ops, "?limit=1000")).Count;
        (HttpMethod Method, string Path, string? Body, string Type, string Action)[] changes =
        [
            (HttpMethod.Put, "/api/v1/catalog", Catalogs.Rich + "\n# again\n", "application/yaml", "catalog.changed"),
            (HttpMethod.Put, "/api/v1/catalog/events/extra", """{ "charges": { "tokens": 1 } }""", "application/json", "catalog.changed"),
            (HttpMethod.Delete, "/api/v1/catalog/events/extra", null, "", "catalog.changed"),
            (HttpMethod.Post, "/api/v1/catalog/rollback", """{ "version": 1 }""", "application/json", "catalog.rolled_back"),
            (HttpMethod.Put, "/api/v1/accounts/acme", """{ "name": "Acme Secret GmbH" }""", "application/json", "account.created account.changed"),
            (HttpMethod.Put, "/api/v1/accounts/acme", """{ "suspended": true }""", "application/json", "account.changed"),
            (HttpMethod.Put, "/api/v1/accounts/acme", """{ "suspended": true, "name": "Acme Secret GmbH" }""", "application/json", ""),
            (HttpMethod.Put, "/api/v1/accounts/acme/subscription", """{ "plan": "pro" }""", "application/json", "account.changed"),
            (HttpMethod.Put, "/api/v1/accounts/acme/overrides/tokens", """{ "limit": 5, "reason": "Secret" }""", "application/json", "override.set"),
            (HttpMethod.Delete, "/api/v1/accounts/acme/overrides/tokens", null, "", "override.removed"),
            (HttpMethod.Delete, "/api/v1/accounts/acme/overrides/tokens", null, "", ""),
            (HttpMethod.Post, "/api/v1/keys", """{ "name": "n", "scopes": ["read"] }""", "application/json", "key.created"),
            (HttpMethod.Post, "/api/v1/portal/tokens", """{ "account": "acme", "user": "Secret" }""", "application/json", "portal_token.created"),
            (HttpMethod.Delete, "/api/v1/portal/tokens/none", null, "", ""),
            (HttpMethod.Put, "/api/v1/catalog", "name: broken\n", "application/yaml", ""),
            (HttpMethod.Post, "/api/v1/catalog/validate", Catalogs.Rich, "application/yaml", ""),
            (HttpMethod.Put, "/api/v1/accounts/acme", """{ "plan": "none" }""", "application/json", ""),
            (HttpMethod.Post, "/api/v1/events", """{ "id": "e", "account": "new", "type": "chat" }""", "application/json", ""),
            (HttpMethod.Get, "/api/v1/accounts/acme", null, "", ""),
        ];
        List<string> expected = [];
        foreach ((HttpMethod method, string path, string? body, string type, string action) in changes)
        {
            await ops.CallAsync(method, path, body, type);
            expected.AddRange(action.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        List<JsonObject> items = await ItemsAsync(ops, "?order=asc&limit=1000");
        Assert.Equal(expected, items.Skip(before).Select(item => (string)item["action"]!));
        Assert.All(items.Skip(before), item => Assert.Equal(($"key:{made["id"]}", "Ops"), ((string?)item["actor"]!["id"], (string?)item["actor"]!["name"])));
        string all = (await ops.ReadAsync("/api/v1/audit?limit=1000")).Text;
        Assert.DoesNotContain("Secret", all, StringComparison.Ordinal);
        Assert.DoesNotContain(((string)made["key"]!).Split('_', 5)[4], all, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "AUD-1: a new workspace's log begins with who made it, and holds nothing of the other's")]
    public async Task NewWorkspace()
    {
        await using WeirHost host = await StartAsync();
        using HttpClient other = await host.NewWorkspaceAsync("other", catalog: null);
        List<JsonObject> items = await ItemsAsync(other, "?order=asc");
        Assert.Equal(["workspace.created", "key.created"], items.Select(item => (string)item["action"]!));
        Assert.All(items, item => Assert.Equal("key:admin", (string?)item["actor"]!["id"]));
        Assert.Equal([1, 2], items.Select(item => (int)item["number"]!));
    }

    [Fact(DisplayName = "AUD-1: the log is filtered by account, target, actor, action and time, and paged; an account is shown by its key")]
    public async Task Filtered()
    {
        FakeClock clock = new(s_start);
        await using WeirHost host = await StartAsync(clock);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        clock.Advance(Duration.FromMinutes(1));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "suspended": true }""")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/bell", "{}")).ExpectOk();

        List<JsonObject> acme = await ItemsAsync(host.Admin, "?account=acme");
        Assert.Equal(["account.changed", "account.created"], acme.Select(item => (string)item["action"]!));
        Assert.All(acme, item => Assert.Equal("acme", (string?)item["target"]!["account"]));
        string id = (string)acme[0]["target"]!["id"]!;
        Assert.Equal(acme.Select(item => item.ToJsonString()), (await ItemsAsync(host.Admin, $"?target=account:{id}")).Select(item => item.ToJsonString()));
        Assert.Empty(await ItemsAsync(host.Admin, "?account=none"));
        Assert.Equal(["account.created", "account.created"], (await ItemsAsync(host.Admin, "?action=account.created")).Select(item => (string)item["action"]!));
        Assert.Equal(2, (await ItemsAsync(host.Admin, "?from=2026-11-21T10:01:00Z")).Count);
        Assert.Equal("host", (string?)(await ItemsAsync(host.Admin, "?actor=host"))[0]["actor"]!["id"]);
        foreach (string wrong in new[] { "target=x", "account=acme&target=key:x", "order=up", "cursor=x", "limit=0", "from=x" })
        {
            (await host.Admin.ReadAsync("/api/v1/audit?" + wrong)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        }

        List<JsonNode?> paged = [];
        string? cursor = null;
        do
        {
            Reply page = (await host.Admin.ReadAsync("/api/v1/audit?limit=2" + (cursor is null ? "" : "&cursor=" + cursor))).ExpectOk();
            paged.AddRange(page["items"]!.AsArray());
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.Equal((await ItemsAsync(host.Admin, "?limit=1000")).Select(item => item.ToJsonString()), paged.Select(item => item!.ToJsonString()));
    }

    [Fact(DisplayName = "AUD-1: as CSV, a row for each record; the next page stands in the header Link")]
    public async Task Csv()
    {
        await using WeirHost host = await StartAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        Reply csv = (await host.Admin.ReadAsync("/api/v1/audit?limit=1", "text/csv")).ExpectOk();
        string[] lines = csv.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("number,at,actor,actorName,action,target,account,before,after,previous,hash", lines[0].TrimEnd('\r'));
        Assert.StartsWith("3,2026-11-21T10:00:00Z,key:admin,,account.created,account:", lines[1], StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
        Assert.Contains("rel=\"next\"", csv.Message.Headers.GetValues("Link").Single(), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "AUD-2: with the log alone anybody can compute the chain; verify answers its head and compares it with one that was noted")]
    public async Task Verified()
    {
        await using WeirHost host = await StartAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", """{ "plan": "pro", "timeZone": "Europe/Berlin" }""")).ExpectOk();
        using JsonDocument log = JsonDocument.Parse((await host.Admin.ReadAsync("/api/v1/audit?order=asc&limit=1000")).ExpectOk().Text);
        string previous = new('0', 64);
        int number = 0;
        foreach (JsonElement item in log.RootElement.GetProperty("items").EnumerateArray())
        {
            number++;
            long micros = (item.GetProperty("at").GetDateTimeOffset() - DateTimeOffset.UnixEpoch).Ticks / 10;
            JsonElement actor = item.GetProperty("actor");
            JsonElement target = item.GetProperty("target");
            string lines = $"weir-audit-1\n{number}\n{micros}\n{actor.GetProperty("id").GetString()}\n{actor.GetProperty("name").GetString()}\n{item.GetProperty("action").GetString()}\n"
                + $"{target.GetProperty("kind").GetString()}:{target.GetProperty("id").GetString()}\n{item.GetProperty("before").GetRawText()}\n{item.GetProperty("after").GetRawText()}\n{previous}\n";
            previous = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines)));
            Assert.Equal(previous, item.GetProperty("hash").GetString());
        }

        Reply verified = (await host.Admin.ReadAsync("/api/v1/audit/verify")).ExpectOk();
        Assert.Equal((true, "default", number, $"{number}:{previous}", null), ((bool)verified["valid"]!, (string)verified["workspace"]!, (int)verified["records"]!, (string)verified["head"]!, verified["broken"]));
        (await host.Admin.PutJsonAsync("/api/v1/accounts/bell", "{}")).ExpectOk();
        Assert.True((bool)(await host.Admin.ReadAsync($"/api/v1/audit/verify?expect={number}:{previous}")).ExpectOk()["valid"]!);
        Reply other = (await host.Admin.ReadAsync($"/api/v1/audit/verify?expect=2:{previous}")).ExpectOk();
        Assert.Equal((false, 2, "not_expected"), ((bool)other["valid"]!, (int)other["broken"]!["number"]!, (string)other["broken"]!["fault"]!));
        Reply longer = (await host.Admin.ReadAsync($"/api/v1/audit/verify?expect=99:{previous}")).ExpectOk();
        Assert.Equal((false, 99, "cut_off"), ((bool)longer["valid"]!, (int)longer["broken"]!["number"]!, (string)longer["broken"]!["fault"]!));
        (await host.Admin.ReadAsync("/api/v1/audit/verify?expect=2")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    private static async Task<List<JsonObject>> ItemsAsync(HttpClient client, string query) =>
        [.. (await client.ReadAsync("/api/v1/audit" + query)).ExpectOk()["items"]!.AsArray().Select(item => item!.AsObject())];

    private static async Task<WeirHost> StartAsync(FakeClock? clock = null)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock ?? new FakeClock(s_start));
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Rich, "application/yaml")).ExpectOk();
        return host;
    }
}
