using System.Net;

namespace Weir.Server.Tests;

public sealed class EraseApiTests
{
    [Fact(DisplayName = "PRIV-1: an erase over HTTP: tokens are refused from the next request on, jobs find nothing, the log names nobody, a repeat says that nothing was there")]
    public async Task Erase()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        (await host.Admin.PutJsonAsync("/api/v1/accounts/ada%2Flovelace", """{ "name": "Augusta Ada", "externalIds": { "billing": "cus-ada" } }""")).ExpectOk();
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "ada-1", "account": "ada/lovelace", "type": "structuring_diagnose", "user": "byron", "resource": "letters", "address": "10.1.2.3", "properties": { "note": "of ada" } }""")).ExpectOk();
        HttpClient portal = await host.PortalAsync("ada/lovelace", "byron");
        (await portal.ReadAsync("/api/v1/usage/current")).ExpectOk();

        Reply erased = (await host.Admin.DeleteCallAsync("/api/v1/accounts/ada%2Flovelace/users/byron/personal-data")).ExpectOk();
        Assert.Equal("""{"erased":true,"complete":true,"reservations":0}""", erased.Text);
        (await portal.ReadAsync("/api/v1/usage/current")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthorized");
        Reply log = (await host.Admin.ReadAsync("/api/v1/events?account=ada%2Flovelace")).ExpectOk();
        Assert.Single(log["items"]!.AsArray());
        Assert.DoesNotContain((string[])["byron", "letters", "10.1.2.3", "of ada", "ada-1"], text => log.Text.Contains(text, StringComparison.Ordinal));

        HttpClient whole = await host.PortalAsync("ada/lovelace");
        (await host.Admin.PostJsonAsync("/api/v1/reservations", """{ "id": "ada-job", "account": "ada/lovelace", "type": "structuring_diagnose" }""")).ExpectOk();
        Assert.Equal("""{"erased":true,"complete":true,"reservations":1}""", (await host.Admin.DeleteCallAsync("/api/v1/accounts/ada%2Flovelace/personal-data")).ExpectOk().Text);
        Assert.Equal("""{"erased":false,"complete":true,"reservations":0}""", (await host.Admin.DeleteCallAsync("/api/v1/accounts/ada%2Flovelace/personal-data")).ExpectOk().Text);
        (await whole.ReadAsync("/api/v1/usage/current")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await host.Admin.ReadAsync("/api/v1/accounts/ada%2Flovelace")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        (await host.Admin.PostJsonAsync("/api/v1/reservations/ada-job/commit", "{}")).ExpectProblem(HttpStatusCode.NotFound, "reservation_not_found");
        Reply all = (await host.Admin.ReadAsync("/api/v1/events")).ExpectOk();
        Assert.Equal(2, all["items"]!.AsArray().Count);
        Assert.All(all["items"]!.AsArray(), item => Assert.Null(item!["account"]));
        Assert.DoesNotContain("ada", all.Text, StringComparison.Ordinal);

        // What only repeats makes nobody; what is new makes another account.
        Assert.True((bool)(await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "ada-1", "account": "ada/lovelace", "type": "structuring_diagnose", "user": "byron", "resource": "letters", "address": "10.1.2.3", "properties": { "note": "of ada" } }""")).ExpectOk()["replayed"]!);
        (await host.Admin.ReadAsync("/api/v1/accounts/ada%2Flovelace")).ExpectProblem(HttpStatusCode.NotFound, "unknown_account");
        (await host.Admin.PostJsonAsync("/api/v1/consume", """{ "id": "ada-2", "account": "ada/lovelace", "type": "structuring_diagnose" }""")).ExpectOk();
        Assert.Single((await host.Admin.ReadAsync("/api/v1/events?account=ada%2Flovelace")).ExpectOk()["items"]!.AsArray());
        (await host.Admin.ReadAsync("/api/v1/audit/verify")).ExpectOk();
        Reply audit = (await host.Admin.ReadAsync("/api/v1/audit?action=account.erased")).ExpectOk();
        Assert.Equal("key:admin", (string?)Assert.Single(audit["items"]!.AsArray())!["actor"]!["id"]);
        Assert.DoesNotContain("lovelace", audit.Text, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "PRIV-1: the plan of its own that an erased account had says in no way whose it was: who comes later under the key gets another")]
    public async Task OwnPlan()
    {
        await using WeirHost host = await WeirHost.StartAsync();
        List<string> keys = [];
        for (int i = 0; i < 2; i++)
        {
            (await host.Admin.PutJsonAsync("/api/v1/accounts/ada", "{}")).ExpectOk();
            Reply first = (await host.Admin.PutJsonAsync("/api/v1/accounts/ada/plan", """{ "allowances": { "credits": { "limit": 7 } } }""")).ExpectOk();
            Reply again = (await host.Admin.PutJsonAsync("/api/v1/accounts/ada/plan", """{ "allowances": { "credits": { "limit": 8 } } }""")).ExpectOk();
            keys.Add((string)first["plan"]!["key"]!);
            Assert.Equal(keys[^1], (string?)again["plan"]!["key"]);
            (await host.Admin.DeleteCallAsync("/api/v1/accounts/ada/personal-data")).ExpectOk();
        }

        Assert.NotEqual(keys[0], keys[1]);
        Reply plans = (await host.Admin.ReadAsync("/api/v1/catalog/plans?custom=true")).ExpectOk();
        Assert.All(keys, key => Assert.Contains(key, plans.Text, StringComparison.Ordinal));
        Assert.DoesNotContain("\"ada\"", plans.Text, StringComparison.Ordinal);
    }

    [Theory(DisplayName = "PRIV-1: a name that cannot be one is refused")]
    [InlineData("/api/v1/accounts/%20/personal-data")]
    [InlineData("/api/v1/accounts/a/users/%C3%BC/personal-data")]
    public async Task Refused(string path)
    {
        await using WeirHost host = await WeirHost.StartAsync();
        (await host.Admin.DeleteCallAsync(path)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }
}
