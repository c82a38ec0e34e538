using System.Net;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests;

public sealed class PortalApiTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 11, 21, 10, 0);

    [Fact(DisplayName = "ACC-3: a portal token answers for its account as a key with the account in the path does")]
    public async Task SameShapes()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        using HttpClient portal = await host.PortalAsync("acme");
        using HttpClient reader = await host.ClientOfAsync("read");
        foreach ((string own, string named) in new[]
        {
            ("/api/v1/usage/current", "/api/v1/accounts/acme/usage"), ("/api/v1/usage/limits", "/api/v1/accounts/acme/limits"),
            ("/api/v1/usage/history?meter=tokens&periods=3", "/api/v1/accounts/acme/usage/history?meter=tokens&periods=3"),
        })
        {
            string expected = (await reader.ReadAsync(named)).ExpectOk().Text;
            Assert.Equal(expected, (await portal.ReadAsync(own)).ExpectOk().Text);
            Assert.Equal(expected, (await portal.ReadAsync(named)).ExpectOk().Text);
        }

        const string named7 = """{ "account": "acme", "type": "chat", "properties": { "tokens": 7 } }""";
        string allowed = (await reader.PostJsonAsync("/api/v1/check", named7)).ExpectOk().Text;
        Assert.Equal(allowed, (await portal.PostJsonAsync("/api/v1/usage/check", """{ "type": "chat", "properties": { "tokens": 7 } }""")).ExpectOk().Text);
        Assert.Equal(allowed, (await portal.PostJsonAsync("/api/v1/usage/check", named7)).ExpectOk().Text);
        JsonNode denied = (await portal.PostJsonAsync("/api/v1/usage/check", """{ "type": "chat", "properties": { "tokens": 5000 } }""")).ExpectOk().Json;
        Assert.False((bool)denied["allowed"]!);
        Assert.Equal("limit_exceeded", (string?)denied["reason"]);
    }

    [Fact(DisplayName = "ACC-3: for a portal token every other account is one that does not exist, and a key is told to name the account")]
    public async Task OtherAccounts()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        using HttpClient portal = await host.PortalAsync("acme");
        using HttpClient reader = await host.ClientOfAsync("read");
        foreach (string path in new[] { "usage", "usage/history", "usage/breakdown", "usage/trend", "limits", "features/advanced" })
        {
            Reply unknown = (await reader.ReadAsync($"/api/v1/accounts/none/{path}")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
            Reply other = await portal.ReadAsync($"/api/v1/accounts/bell/{path}");
            Assert.Equal((unknown.Status, unknown.Text.Replace("none", "bell", StringComparison.Ordinal)), (other.Status, other.Text));
            Assert.Equal(unknown.Text, (await portal.ReadAsync($"/api/v1/accounts/none/{path}")).Text);
        }

        Reply check = await portal.PostJsonAsync("/api/v1/usage/check", """{ "account": "bell", "type": "chat" }""");
        Assert.Contains("There is no account 'bell'", (string?)check.ExpectProblem(HttpStatusCode.NotFound, "unknown_account")["detail"], StringComparison.Ordinal);
        (await portal.ReadAsync("/api/v1/accounts/acme")).ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        (await portal.ReadAsync("/api/v1/accounts")).ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        Reply key = (await host.Admin.ReadAsync("/api/v1/usage/current")).ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        Assert.Contains("Only a portal token", (string?)key["detail"], StringComparison.Ordinal);
    }

    [Fact(DisplayName = "ACC-3: a portal token ends at its time, and at once when it is revoked or its key is another's")]
    public async Task Ends()
    {
        FakeClock clock = new(s_start);
        await using WeirHost host = await StartAsync(clock);
        using HttpClient portal = await host.PortalAsync("acme", ttl: 60);
        clock.Now = s_start + Duration.FromSeconds(60) - Duration.FromMilliseconds(1);
        (await portal.ReadAsync("/api/v1/usage/current")).ExpectOk();
        clock.Now = s_start + Duration.FromSeconds(60);
        (await portal.ReadAsync("/api/v1/usage/current")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthorized");

        Reply made = (await host.Admin.PostJsonAsync("/api/v1/portal/tokens", """{ "account": "acme" }""")).Expect(HttpStatusCode.Created);
        Assert.Equal("no-store", made.Message.Headers.CacheControl?.ToString());
        string text = (string)made["token"]!;
        Assert.StartsWith("weir_portal_default_", text, StringComparison.Ordinal);
        using HttpClient second = host.ClientWith(text);
        (await second.ReadAsync("/api/v1/usage/current")).ExpectOk();
        using HttpClient live = host.ClientWith(text.Replace("weir_portal", "weir_live", StringComparison.Ordinal));
        (await live.ReadAsync("/api/v1/usage/current")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await host.Admin.DeleteCallAsync($"/api/v1/portal/tokens/{made["id"]}")).Expect(HttpStatusCode.NoContent);
        (await second.ReadAsync("/api/v1/usage/current")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await host.Admin.DeleteCallAsync($"/api/v1/portal/tokens/{made["id"]}")).Expect(HttpStatusCode.NoContent);
        (await host.Admin.DeleteCallAsync("/api/v1/portal/tokens/none")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact(DisplayName = "ACC-3: portal tokens are listed by account without their texts, page by page; those long over are gone")]
    public async Task Listed()
    {
        FakeClock clock = new(s_start);
        await using WeirHost host = await StartAsync(clock);
        List<string> ids = [];
        for (int i = 0; i < 5; i++)
        {
            clock.Advance(Duration.FromSeconds(i / 2));
            Reply made = await host.Admin.PostJsonAsync("/api/v1/portal/tokens", $$"""{ "account": "{{(i == 2 ? "bell" : "acme")}}", "ttl": 60 }""");
            ids.Add((string)made.Expect(HttpStatusCode.Created)["id"]!);
        }

        List<string> seen = [];
        string? cursor = null;
        do
        {
            Reply page = (await host.Admin.ReadAsync("/api/v1/portal/tokens?limit=2" + (cursor is null ? "" : "&cursor=" + cursor))).ExpectOk();
            Assert.DoesNotContain("weir_portal", page.Text, StringComparison.Ordinal);
            seen.AddRange(page["items"]!.AsArray().Select(item => (string)item!["id"]!));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.Equal(ids.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
        JsonNode bell = Assert.Single((await host.Admin.ReadAsync("/api/v1/portal/tokens?account=bell")).ExpectOk()["items"]!.AsArray())!;
        Assert.Equal((ids[2], "bell", "2026-11-21T10:01:01Z"), ((string?)bell["id"], (string?)bell["account"], (string?)bell["expiresAt"]));
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/portal/tokens?account=none")).ExpectOk()["items"]!.AsArray());
        (await host.Admin.ReadAsync("/api/v1/portal/tokens?cursor=x")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");

        clock.Advance(Duration.FromDays(8));
        using HttpClient newest = await host.PortalAsync("acme");
        Assert.Single((await host.Admin.ReadAsync("/api/v1/portal/tokens")).ExpectOk()["items"]!.AsArray());
    }

    [Theory(DisplayName = "ACC-3: a portal token lives from a minute to a day and is for an account that exists")]
    [InlineData("""{ "account": "acme", "ttl": 59 }""", HttpStatusCode.BadRequest, "/ttl")]
    [InlineData("""{ "account": "acme", "ttl": 86401 }""", HttpStatusCode.BadRequest, "/ttl")]
    [InlineData("""{ "account": "none" }""", HttpStatusCode.NotFound, "/account")]
    public async Task Bounds(string body, HttpStatusCode status, string pointer)
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        Reply refused = (await host.Admin.PostJsonAsync("/api/v1/portal/tokens", body)).Expect(status);
        Assert.Equal(pointer, (string?)refused["errors"]![0]!["pointer"]);
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/portal/tokens")).ExpectOk()["items"]!.AsArray());
    }

    [Fact(DisplayName = "ACC-3: a token of one user is checked as that user and shows no other user's use")]
    public async Task OneUser()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "u1", "account": "acme", "type": "chat", "properties": { "tokens": 290 }, "user": "anna" }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "u2", "account": "acme", "type": "chat", "properties": { "tokens": 5 }, "user": "bob" }""")).ExpectOk();
        using HttpClient anna = await host.PortalAsync("acme", "anna");
        using HttpClient whole = await host.PortalAsync("acme");
        Assert.Equal(["anna", "bob"], await UsersAsync(whole));
        Assert.Equal(["anna"], await UsersAsync(anna));

        const string twenty = """{ "type": "chat", "properties": { "tokens": 20 } }""";
        Assert.True((bool)(await whole.PostJsonAsync("/api/v1/usage/check", twenty)).ExpectOk()["allowed"]!);
        Assert.False((bool)(await anna.PostJsonAsync("/api/v1/usage/check", twenty)).ExpectOk()["allowed"]!);
        Reply other = await anna.PostJsonAsync("/api/v1/usage/check", """{ "type": "chat", "user": "bob" }""");
        Assert.Equal("/user", (string?)other.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request")["errors"]![0]!["pointer"]);
        (await anna.ReadAsync("/api/v1/accounts/acme/usage/breakdown?by=user")).ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        (await anna.ReadAsync("/api/v1/accounts/acme/usage/breakdown")).ExpectOk();
    }

    [Fact(DisplayName = "ACC-3: that a limit of the whole service is full is shown, but not how much all customers used")]
    public async Task WholeService()
    {
        await using WeirHost host = await StartAsync(new FakeClock(s_start));
        (await host.Admin.PostJsonAsync("/api/v1/events", """{ "id": "w1", "account": "bell", "type": "chat", "cost": { "amount": 499.5 } }""")).ExpectOk();
        using HttpClient portal = await host.PortalAsync("acme");
        Reply fits = (await portal.PostJsonAsync("/api/v1/usage/check", """{ "type": "chat", "cost": { "amount": 0.25 } }""")).ExpectOk();
        Assert.True((bool)fits["allowed"]!);
        Assert.DoesNotContain("499", fits.Text, StringComparison.Ordinal);
        Reply denied = (await portal.PostJsonAsync("/api/v1/usage/check", """{ "type": "chat", "cost": { "amount": 1 } }""")).ExpectOk();
        Assert.Equal("limit_exceeded", (string?)denied["reason"]);
        Assert.Equal("workspace", (string?)denied["violations"]![0]!["scope"]);
        Assert.DoesNotContain("499", denied.Text, StringComparison.Ordinal);
    }

    private static async Task<string[]> UsersAsync(HttpClient portal) =>
    [
        .. (await portal.ReadAsync("/api/v1/usage/current")).ExpectOk()["balances"]!.AsArray()
            .Select(balance => (string?)balance!["scopeValue"]).OfType<string>().Order(StringComparer.Ordinal),
    ];

    private static async Task<WeirHost> StartAsync(FakeClock clock)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock);
        (await host.Admin.PutAsync("/api/v1/catalog", Catalogs.Rich, "application/yaml")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/bell", "{}")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "c1", "account": "acme", "type": "chat", "properties": { "tokens": 40 } }""")).ExpectOk();
        return host;
    }
}
