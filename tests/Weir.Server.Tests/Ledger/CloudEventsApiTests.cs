using System.Net;
using System.Text.Json.Nodes;

namespace Weir.Server.Tests;

public sealed class CloudEventsApiTests
{
    private const string Path = "/api/v1/events";

    [Fact(DisplayName = "ID-2: CloudEvents structured, batched and binary are one event where source and id are one; its id is their percent-encoded pair")]
    public async Task ThreeForms()
    {
        await using WeirHost host = await ConsumeApiTests.StartRichAsync();
        const string one = """
            { "specversion": "1.0", "id": "42", "source": "https://app.example/jobs", "type": "chat", "subject": "acme", "time": null,
              "datacontenttype": "application/json", "data": { "tokens": 7 } }
            """;
        const string other = """{ "specversion": "1.0", "id": "43", "source": "https://app.example/jobs", "type": "chat", "subject": "acme", "data": { "tokens": 1 } }""";
        (await host.Admin.CallAsync(HttpMethod.Post, Path, one, "application/cloudevents+json; charset=utf-8")).Expect(HttpStatusCode.NoContent);
        (await host.Admin.CallAsync(HttpMethod.Post, Path, $"[{one}, {other}]", "application/cloudevents-batch+json")).Expect(HttpStatusCode.NoContent);
        (await host.Admin.CallAsync(HttpMethod.Post, Path, """{ "tokens": 7 }""", "application/json", null,
            ("ce-specversion", "1.0"), ("ce-id", "42"), ("ce-source", "https://app.example/jobs"), ("ce-type", "chat"), ("ce-subject", "acme"))).Expect(HttpStatusCode.NoContent);
        JsonArray items = (await host.Admin.ReadAsync(Path + "?order=asc")).ExpectOk()["items"]!.AsArray();
        Assert.Equal(["https%3A%2F%2Fapp.example%2Fjobs%2F42", "https%3A%2F%2Fapp.example%2Fjobs%2F43"], items.Select(item => (string)item!["id"]!));
        Assert.Equal("https://app.example/jobs", (string?)items[0]!["source"]);
        Assert.Equal(7m, (decimal)items[0]!["charges"]![0]!["amount"]!);
        string path = Path + "/" + Uri.EscapeDataString((string)items[0]!["id"]!);
        (await host.Admin.ReadAsync(path)).ExpectOk();
        (await host.Admin.PostJsonAsync(path + "/reverse", "{}")).ExpectOk();
    }

    [Theory(DisplayName = "NUM-2: in CloudEvents data numeric texts count as numbers; in JSON events they do not")]
    [InlineData("\"12\"", true)]
    [InlineData("12", true)]
    [InlineData("\"1.2e1\"", true)]
    [InlineData("\"twelve\"", false)]
    public async Task NumericTexts(string tokens, bool counts)
    {
        await using WeirHost host = await ConsumeApiTests.StartRichAsync();
        string cloud = $$"""{ "specversion": "1.0", "id": "1", "source": "s", "type": "chat", "subject": "acme", "data": { "tokens": {{tokens}} } }""";
        Reply reply = await host.Admin.CallAsync(HttpMethod.Post, Path, cloud, "application/cloudevents+json");
        if (counts)
        {
            reply.Expect(HttpStatusCode.NoContent);
            Assert.Equal(12m, (decimal)(await host.Admin.ReadAsync(Path))["items"]![0]!["charges"]![0]!["amount"]!);
        }
        else
        {
            Assert.Equal("/data/tokens", (string?)reply.ExpectProblem(HttpStatusCode.BadRequest, "property_type")["errors"]![0]!["pointer"]);
        }

        if (tokens.StartsWith('"'))
        {
            Reply json = (await host.Admin.PostJsonAsync(Path, $$"""{ "id": "j", "account": "acme", "type": "chat", "properties": { "tokens": {{tokens}} } }""")).ExpectOk();
            Assert.Equal("property_type", (string?)json["results"]![0]!["code"]);
        }
    }

    [Theory(DisplayName = "A CloudEvent that lacks what names it is refused with the place")]
    [InlineData("""{ "id": "1", "source": "s", "type": "chat", "subject": "a" }""", "/specversion")]
    [InlineData("""{ "specversion": "0.3", "id": "1", "source": "s", "type": "chat", "subject": "a" }""", "/specversion")]
    [InlineData("""{ "specversion": "1.0", "source": "s", "type": "chat", "subject": "a" }""", "/id")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "type": "chat", "subject": "a" }""", "/source")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "source": "s", "subject": "a" }""", "/type")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "source": "s", "type": "chat" }""", "/subject")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "source": "s", "type": "chat", "subject": "a b" }""", "/subject")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "source": "s", "type": "chat", "subject": "a", "data": [1] }""", "/data")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "source": "s", "type": "chat", "subject": "a", "data_base64": "AA==" }""", "/data_base64")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "source": "s", "type": "chat", "subject": "a", "time": "yesterday" }""", "/time")]
    [InlineData("""{ "specversion": "1.0", "id": "1", "source": "s", "type": "chat", "subject": "a", "id": "2" }""", "/id")]
    public async Task Wrong(string body, string pointer)
    {
        await using WeirHost host = await ConsumeApiTests.StartRichAsync();
        Reply reply = await host.Admin.CallAsync(HttpMethod.Post, Path, body, "application/cloudevents+json");
        Assert.Equal(pointer, (string?)reply.ExpectProblem(HttpStatusCode.BadRequest, "invalid_json")["errors"]![0]!["pointer"]);
        Assert.Empty((await host.Admin.ReadAsync(Path))["items"]!.AsArray());
    }
}
