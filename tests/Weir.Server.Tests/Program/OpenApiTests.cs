using System.Net.Http.Json;
using System.Text.Json;

namespace Weir.Server.Tests.Program;

[Collection(ProgramCollection.Name)]
public sealed class OpenApiTests
{
    private static readonly string[] s_methods = ["get", "put", "post", "delete", "patch"];

    [Fact(DisplayName = "the API's description is OpenAPI 3.1 and complete: every call has an id, a summary, its scope, answers and problems")]
    public async Task Complete()
    {
        using TemporaryFolder folder = new();
        await using RunningServer server = await RunningServer.StartAsync(folder.File("data"));
        JsonElement document = await server.Client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        Assert.StartsWith("3.1.", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal("bearer", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("bearer").GetProperty("scheme").GetString());
        HashSet<string> ids = new(StringComparer.Ordinal);
        int calls = 0;
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
        {
            Assert.StartsWith("/api/v1/", path.Name, StringComparison.Ordinal);
            foreach (JsonProperty call in path.Value.EnumerateObject().Where(c => s_methods.Contains(c.Name)))
            {
                string name = $"{call.Name} {path.Name}";
                calls++;
                Assert.True(call.Value.TryGetProperty("operationId", out JsonElement id) && ids.Add(id.GetString()!), $"{name}: an operationId of its own");
                Assert.True(call.Value.TryGetProperty("summary", out JsonElement summary) && summary.GetString()!.Length > 0, $"{name}: summary");
                Assert.True(call.Value.TryGetProperty("tags", out JsonElement tags) && tags.GetArrayLength() == 1, $"{name}: one tag");
                Assert.True(call.Value.TryGetProperty("security", out _), $"{name}: security");
                JsonElement responses = call.Value.GetProperty("responses");
                Assert.True(responses.EnumerateObject().Any(r => r.Name[0] == '2'), $"{name}: an answer");
                foreach (string problem in (string[])["400", "401", "403", "503"])
                {
                    Assert.True(responses.TryGetProperty(problem, out JsonElement response) && response.GetProperty("content").TryGetProperty("application/problem+json", out _), $"{name}: {problem}");
                }

                foreach (string parameter in path.Name.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}')))
                {
                    Assert.True(
                        call.Value.GetProperty("parameters").EnumerateArray().Any(p => p.GetProperty("name").GetString() == parameter && p.GetProperty("required").GetBoolean()),
                        $"{name}: parameter {parameter}");
                }
            }
        }

        JsonElement release = document.GetProperty("paths").GetProperty("/api/v1/reservations/{id}/release").GetProperty("post").GetProperty("requestBody");
        Assert.False(release.TryGetProperty("required", out JsonElement required) && required.GetBoolean());
        Assert.Equal("application/json", Assert.Single(release.GetProperty("content").EnumerateObject()).Name);
        Assert.True(calls >= 4);
        AssertReferences(document, document);
    }

    /// <summary>Every reference leads somewhere.</summary>
    private static void AssertReferences(JsonElement element, JsonElement document)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                AssertReferences(item, document);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in element.EnumerateObject())
            {
                if (member.Name == "$ref" && member.Value.ValueKind == JsonValueKind.String)
                {
                    JsonElement at = document;
                    foreach (string part in member.Value.GetString()!.Split('/').Skip(1))
                    {
                        Assert.True(at.ValueKind == JsonValueKind.Array ? int.Parse(part) < at.GetArrayLength() : at.TryGetProperty(part, out _), member.Value.GetString()!);
                        at = at.ValueKind == JsonValueKind.Array ? at[int.Parse(part)] : at.GetProperty(part);
                    }
                }

                AssertReferences(member.Value, document);
            }
        }
    }
}
