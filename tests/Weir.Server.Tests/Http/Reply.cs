using System.Net;
using System.Text.Json.Nodes;

namespace Weir.Server.Tests;

/// <summary>An answer with its body read.</summary>
public sealed record Reply(HttpStatusCode Status, string Text, HttpResponseMessage Message)
{
    /// <summary>The body as JSON.</summary>
    public JsonNode Json => JsonNode.Parse(Text) ?? throw new InvalidOperationException("The body is null.");

    public string? MediaType => Message.Content.Headers.ContentType?.MediaType;

    /// <summary>A problem's code.</summary>
    public string? Code => MediaType == "application/problem+json" ? (string?)Json["code"] : null;

    public JsonNode? this[string member] => Json[member];

    /// <summary>Fails the test with the body when the status is another.</summary>
    public Reply Expect(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{Message.RequestMessage?.Method} {Message.RequestMessage?.RequestUri?.PathAndQuery}: {(int)Status}, not {(int)status}: {Text}");
        return this;
    }

    public Reply ExpectOk() => Expect(HttpStatusCode.OK);

    /// <summary>A problem document of a status and a code.</summary>
    public Reply ExpectProblem(HttpStatusCode status, string code)
    {
        Expect(status);
        Assert.Equal("application/problem+json", MediaType);
        Assert.Equal(code, Code);
        Assert.Equal((int)status, (int?)Json["status"]);
        Assert.Equal("/docs/problems/" + code, (string?)Json["type"]);
        return this;
    }
}
