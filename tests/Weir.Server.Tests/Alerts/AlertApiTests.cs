using System.Net;
using System.Text.Json.Nodes;

using Microsoft.Extensions.DependencyInjection;

using NodaTime;

using Weir.Sqlite;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

/// <summary>The inbox as people and programs see it.</summary>
public sealed class AlertApiTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 21, 10, 0);

    private const string Catalog = """
        name: alerts
        defaultPlan: free
        meters: { credits: { unit: credit, scale: 2 }, calls: { unit: call } }
        events:
          use: { charges: { credits: { per: { property: n } } } }
          call: { charges: { calls: 1 } }
        plans: { free: { allowances: { credits: { limit: 100 } }, alerts: [80, 90, 100] } }
        """;

    private static readonly string s_users = Catalog.Replace("credits: { limit: 100 }", "credits: [{ limit: 100 }, { limit: 10, per: day, scope: user }]", StringComparison.Ordinal);

    [Fact(DisplayName = "ALERT-1: a jump from 10 % to 101 % stands three times in the inbox; raising the limit resolves it")]
    public async Task TheInbox()
    {
        await using WeirHost host = await StartAsync();
        await UseAsync(host, "e-1", 10);
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk()["items"]!.AsArray());
        await UseAsync(host, "e-2", 91);
        Reply inbox = (await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk();
        Assert.Equal((3, 3), ((int)inbox["raised"]!, (int)inbox["unread"]!));
        JsonObject newest = inbox["items"]![0]!.AsObject();
        string id = (string)newest["id"]!;
        newest.Remove("id");
        Same("""
            { "account": "acme", "kind": "threshold", "state": "raised", "meter": "credits", "scope": "account", "per": "month",
              "periodStart": "2026-11-21T00:00:00Z", "periodEnd": "2026-12-21T00:00:00Z", "threshold": { "percent": 100 }, "used": 101, "held": 0, "limit": 100,
              "percent": 101, "raisedAt": "2026-11-21T10:00:00.000001Z", "resolvedAt": null, "resolution": null, "readAt": null, "acknowledgedAt": null, "acknowledgedBy": null }
            """, newest);
        Assert.Equal([100, 90, 80], inbox["items"]!.AsArray().Select(item => (int)item!["threshold"]!["percent"]!));

        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/overrides/credits", """{ "limit": 125, "per": "month" }""")).ExpectOk();
        Reply after = (await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk();
        Assert.Equal((1, 1), ((int)after["raised"]!, (int)after["unread"]!));
        Assert.Equal(["raised 80", "resolved 100", "resolved 90", "resolved 80"], after["items"]!.AsArray().Select(item => $"{item!["state"]} {item["threshold"]!["percent"]}"));
        Assert.Equal("limit_raised", (string?)after["items"]![1]!["resolution"]);
        Assert.Equal(id, (string?)after["items"]![1]!["id"]);
        Assert.Single((await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts?state=raised")).ExpectOk()["items"]!.AsArray());
    }

    [Fact(DisplayName = "An alert is acknowledged once, and alerts are read by id or all together")]
    public async Task Acknowledge()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await StartAsync(clock);
        await UseAsync(host, "e-1", 100);
        string id = (string)(await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts?limit=1")).ExpectOk()["items"]![0]!["id"]!;
        clock.Advance(Duration.FromMinutes(5));
        Reply first = (await host.Admin.CallAsync(HttpMethod.Post, $"/api/v1/accounts/acme/alerts/{id}/acknowledge", null, null)).ExpectOk();
        Assert.Equal(("2026-11-21T10:05:00Z", "2026-11-21T10:05:00Z"), ((string?)first["acknowledgedAt"], (string?)first["readAt"]));
        clock.Advance(Duration.FromMinutes(5));
        Assert.Equal(first.Text, (await host.Admin.PostJsonAsync($"/api/v1/accounts/acme/alerts/{id}/acknowledge", "{}")).ExpectOk().Text);
        Reply unread = (await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts?unread=true")).ExpectOk();
        Assert.Equal((3, 2, 2), ((int)unread["raised"]!, (int)unread["unread"]!, unread["items"]!.AsArray().Count));
        string other = (string)unread["items"]![0]!["id"]!;
        Assert.Equal(1, (int)(await host.Admin.PostJsonAsync("/api/v1/accounts/acme/alerts/read", $$"""{ "ids": ["{{id}}", "{{other}}"] }""")).ExpectOk()["read"]!);
        Assert.Equal(1, (int)(await host.Admin.PostJsonAsync("/api/v1/accounts/acme/alerts/read", "{}")).ExpectOk()["read"]!);
        Assert.Equal(0, (int)(await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk()["unread"]!);
        (await host.Admin.PostJsonAsync("/api/v1/accounts/acme/alerts/alr_none/acknowledge", "{}")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await host.Admin.PostJsonAsync($"/api/v1/accounts/nobody/alerts/{id}/acknowledge", "{}")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        (await host.Admin.PostJsonAsync($"/api/v1/accounts/acme/alerts/{id}/acknowledge", """{ "by": "me" }""")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_json");
    }

    [Fact(DisplayName = "ACC-3: a portal token sees the inbox of its account, of users only its own, and acknowledges: the one thing it may write")]
    public async Task Portal()
    {
        await using WeirHost host = await StartAsync(catalog: s_users);
        await UseAsync(host, "e-1", 8, user: "ann");
        await UseAsync(host, "e-2", 8, user: "bob");
        await UseAsync(host, "e-3", 64);
        await UseAsync(host, "e-4", 85, "other");
        using HttpClient account = await host.PortalAsync("acme");
        using HttpClient ann = await host.PortalAsync("acme", "ann");
        Reply all = (await account.ReadAsync("/api/v1/usage/alerts")).ExpectOk();
        Assert.Equal(all.Text, (await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk().Text);
        Assert.Equal(all.Text, (await account.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk().Text);
        Assert.Equal((6, 6), ((int)all["raised"]!, all["items"]!.AsArray().Count));
        Reply own = (await ann.ReadAsync("/api/v1/usage/alerts")).ExpectOk();
        Assert.Equal((5, 5), ((int)own["raised"]!, own["items"]!.AsArray().Count));
        Assert.DoesNotContain("bob", own.Text, StringComparison.Ordinal);

        string bobs = IdOf(all, "bob");
        (await ann.PostJsonAsync($"/api/v1/accounts/acme/alerts/{bobs}/acknowledge", "{}")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        Reply acknowledged = (await ann.PostJsonAsync($"/api/v1/accounts/acme/alerts/{IdOf(all, "ann")}/acknowledge", "{}")).ExpectOk();
        Assert.NotNull(acknowledged["acknowledgedAt"]);
        (await account.PostJsonAsync($"/api/v1/accounts/acme/alerts/{bobs}/acknowledge", "{}")).ExpectOk();
        (await account.PostJsonAsync("/api/v1/accounts/acme/alerts/read", "{}")).ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        (await account.ReadAsync("/api/v1/accounts/other/alerts")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");

        static string IdOf(Reply reply, string user) => (string)reply["items"]!.AsArray().Single(item => (string?)item!["scopeValue"] == user)!["id"]!;
    }

    [Fact(DisplayName = "Alerts of all accounts are listed in pages; those of a period that has ended say so")]
    public async Task AllAccounts()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await StartAsync(clock);
        foreach (string account in new[] { "acme", "beta", "gamma" })
        {
            await UseAsync(host, account, 85, account);
        }

        Assert.Equal("""{"raised":3,"unread":3}""", (await host.Admin.ReadAsync("/api/v1/admin/overview")).ExpectOk()["alerts"]!.ToJsonString());
        Reply page = (await host.Admin.ReadAsync("/api/v1/alerts?limit=2")).ExpectOk();
        Assert.Equal(["gamma", "beta"], page["items"]!.AsArray().Select(item => (string)item!["account"]!));
        page = (await host.Admin.ReadAsync($"/api/v1/alerts?limit=2&cursor={page["next"]}")).ExpectOk();
        Assert.Equal(["acme"], page["items"]!.AsArray().Select(item => (string)item!["account"]!));
        Assert.Null(page["next"]);
        clock.Advance(Duration.FromDays(30));
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/alerts?state=raised")).ExpectOk()["items"]!.AsArray());
        Assert.Equal(3, (await host.Admin.ReadAsync("/api/v1/alerts?state=ended&kind=threshold")).ExpectOk()["items"]!.AsArray().Count);
        Assert.Equal(0, (int)(await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk()["raised"]!);
        (await host.Admin.ReadAsync("/api/v1/alerts?state=open")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await host.Admin.ReadAsync("/api/v1/accounts/nobody/alerts")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
    }

    [Fact(DisplayName = "ALERT-1: thresholds of an account are set, shown, used, and taken away")]
    public async Task Rules()
    {
        await using WeirHost host = await StartAsync(catalog: s_users);
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        Reply none = (await host.Admin.ReadAsync("/api/v1/accounts/acme/alert-rules")).ExpectOk();
        Same("""{ "account": "acme", "mode": "add", "rules": [], "planAlerts": [80, 90, 100] }""", none.Json);
        Reply put = (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/alert-rules", """
            { "mode": "replace", "rules": [{ "meter": "credits", "remaining": 25.5 }, { "meter": "credits", "percent": 50, "scope": "user", "per": "day" }, { "meter": "calls", "amount": 1, "per": "calendar-day" }] }
            """)).ExpectOk();
        Same("""
            { "account": "acme", "mode": "replace", "planAlerts": [80, 90, 100], "rules": [
              { "meter": "credits", "scope": "account", "per": null, "remaining": 25.5 }, { "meter": "credits", "scope": "user", "per": "day", "percent": 50 },
              { "meter": "calls", "scope": "account", "per": "calendar-day", "amount": 1 }] }
            """, put.Json);
        await UseAsync(host, "e-1", 5, user: "ann");
        await UseAsync(host, "e-2", 90);
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "c-1", "account": "acme", "type": "call" }""")).ExpectOk();
        JsonArray items = (await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["calls calendar-day {\"amount\":1}", "credits day {\"percent\":50}", "credits month {\"remaining\":25.5}", "credits day {\"percent\":50}"],
            items.Select(item => $"{item!["meter"]} {item["per"]} {item["threshold"]!.ToJsonString()}"));
        Assert.Equal(("user", "ann"), ((string?)items[3]!["scope"], (string?)items[3]!["scopeValue"]));

        (await host.Admin.DeleteCallAsync("/api/v1/accounts/acme/alert-rules")).Expect(HttpStatusCode.NoContent);
        Same(none.Text, (await host.Admin.ReadAsync("/api/v1/accounts/acme/alert-rules")).ExpectOk().Json);
        Reply after = (await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts?state=raised")).ExpectOk();
        Assert.Contains("90", after["items"]!.AsArray().Select(item => item!["threshold"]!["percent"]!.ToString()));
    }

    [Fact(DisplayName = "ALERT-2: a stuck job stands in the inbox with its reservation's id, once; it is resolved when it is heard of")]
    public async Task StuckJob()
    {
        FakeClock clock = new(s_now);
        await using WeirHost host = await StartAsync(clock, Catalog.Replace("call: {", "call: { slot: export,", StringComparison.Ordinal).Replace("alerts: [80", "slots: { export: 2 }, alerts: [80", StringComparison.Ordinal));
        ReservationSweeper sweeper = host.Services.GetRequiredService<ReservationSweeper>();
        (await host.Admin.PostJsonAsync("/api/v1/reservations", """{ "id": "job-1", "account": "acme", "type": "call", "ttl": 600 }""")).ExpectOk();
        clock.Advance(Duration.FromMinutes(5));
        await sweeper.SweepAsync(CancellationToken.None);
        await sweeper.SweepAsync(CancellationToken.None);
        JsonNode alert = Assert.Single((await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts?kind=job_stuck&state=raised")).ExpectOk()["items"]!.AsArray())!;
        Assert.Equal(("job-1", "call", "raised"), ((string?)alert["job"], (string?)alert["type"], (string?)alert["state"]));
        (await host.Admin.PostJsonAsync("/api/v1/reservations/job-1/extend", """{ "ttl": 600 }""")).ExpectOk();
        clock.Advance(Duration.FromMinutes(6));
        await sweeper.SweepAsync(CancellationToken.None);
        alert = Assert.Single((await host.Admin.ReadAsync("/api/v1/accounts/acme/alerts")).ExpectOk()["items"]!.AsArray())!;
        Assert.Equal(("resolved", "heard"), ((string?)alert["state"], (string?)alert["resolution"]));
        WorkspaceId workspace = host.Services.GetRequiredService<StoreLifetime>().Default.Id;
        IReadOnlyList<StoredNotification> told = await host.Services.GetRequiredService<IWeirStore>().Notifications.FollowAsync(workspace, 0, 100, CancellationToken.None);
        Assert.Equal([NotificationTypes.JobStuck, NotificationTypes.AlertResolved], told.Select(note => note.Notification.Type));
    }

    [Theory(DisplayName = "Thresholds that make no sense are refused with their place, and nothing changes")]
    [InlineData("""{ "rules": [{ "meter": "credits" }] }""", HttpStatusCode.BadRequest, "invalid_request", "/rules/0")]
    [InlineData("""{ "rules": [{ "meter": "credits", "percent": 80, "amount": 5 }] }""", HttpStatusCode.BadRequest, "invalid_request", "/rules/0")]
    [InlineData("""{ "rules": [{ "meter": "credits", "percent": 80 }, { "meter": "credit", "percent": 80 }] }""", HttpStatusCode.UnprocessableEntity, "unknown_meter", "/rules/1/meter")]
    [InlineData("""{ "rules": [{ "meter": "calls", "amount": 0.5 }] }""", HttpStatusCode.UnprocessableEntity, "too_many_decimals", "/rules/0/amount")]
    [InlineData("""{ "rules": [{ "meter": "calls", "remaining": 1e27 }] }""", HttpStatusCode.BadRequest, "invalid_request", "/rules/0/remaining")]
    [InlineData("""{ "rules": [{ "meter": "calls", "percent": 80, "per": "fortnight" }] }""", HttpStatusCode.BadRequest, "invalid_request", "/rules/0/per")]
    [InlineData("""{ "rules": [{ "meter": "calls", "percent": 80, "scope": "workspace" }] }""", HttpStatusCode.BadRequest, "invalid_request", "/rules/0/scope")]
    [InlineData("""{ "mode": "mute", "rules": [] }""", HttpStatusCode.BadRequest, "invalid_request", "/mode")]
    public async Task Refused(string body, HttpStatusCode status, string code, string pointer)
    {
        await using WeirHost host = await StartAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/acme", "{}")).ExpectOk();
        Reply reply = (await host.Admin.PutJsonAsync("/api/v1/accounts/acme/alert-rules", body)).ExpectProblem(status, code);
        Assert.Equal(pointer, (string?)reply["errors"]![0]!["pointer"]);
        Assert.Empty((await host.Admin.ReadAsync("/api/v1/accounts/acme/alert-rules")).ExpectOk()["rules"]!.AsArray());
    }

    [Theory(DisplayName = "ALERT-1: 64 who consume at once raise each threshold exactly once, and each is told once")]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task ManyAtOnce(string store)
    {
        using Folder folder = new();
        await using WeirHost host = await WeirHost.StartAsync(catalog: null, store: store == "memory" ? null : weir => weir.AddSqlite(Path.Combine(folder.Path, "usage.db")));
        (await host.Admin.PutAsync("/api/v1/catalog", s_users, "application/yaml")).ExpectOk();
        for (int round = 0; round < 5; round++)
        {
            string account = $"org-{round}";
            await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
            {
                for (int i = 0; i < 2; i++)
                {
                    await UseAsync(host, $"{account}-{caller}-{i}", 1, account);
                }
            })));
            JsonArray items = (await host.Admin.ReadAsync($"/api/v1/accounts/{account}/alerts?limit=1000")).ExpectOk()["items"]!.AsArray();
            Assert.Equal(["80", "90", "100"], items.Where(item => (string?)item!["scope"] == "account").Reverse().Select(item => item!["threshold"]!["percent"]!.ToString()));
            Assert.Equal(["80", "90", "100"], items.Where(item => (string?)item!["scope"] == "user").Reverse().Select(item => item!["threshold"]!["percent"]!.ToString()));
        }

        WorkspaceId workspace = host.Services.GetRequiredService<StoreLifetime>().Default.Id;
        IReadOnlyList<StoredNotification> told = await host.Services.GetRequiredService<IWeirStore>().Notifications.FollowAsync(workspace, 0, 1000, CancellationToken.None);
        Assert.Equal(5 * 6, told.Count(note => note.Notification.Type == NotificationTypes.AlertRaised));
        Assert.Equal(told.Count, told.Select(note => note.Notification.Id).Distinct(StringComparer.Ordinal).Count());
    }

    private static async Task<WeirHost> StartAsync(FakeClock? clock = null, string catalog = Catalog)
    {
        WeirHost host = await WeirHost.StartAsync(catalog: null, clock: clock ?? new FakeClock(s_now));
        (await host.Admin.PutAsync("/api/v1/catalog", catalog, "application/yaml")).ExpectOk();
        return host;
    }

    /// <summary>Reports a use, which may pass the limit.</summary>
    private static async Task UseAsync(WeirHost host, string id, decimal amount, string account = "acme", string? user = null)
    {
        string who = user is null ? "" : $", \"user\": \"{user}\"";
        (await host.Admin.PostJsonAsync("/api/v1/events", $$"""{ "id": "{{id}}", "account": "{{account}}", "type": "use", "properties": { "n": {{amount}} }{{who}} }""")).ExpectOk();
    }

    private static void Same(string expected, JsonNode? actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual?.ToJsonString());

    /// <summary>A folder of its own that goes with the test.</summary>
    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("weir-alerts-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
