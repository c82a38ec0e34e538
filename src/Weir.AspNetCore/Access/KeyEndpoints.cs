using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>The keys of a workspace.</summary>
internal static class KeyEndpoints
{
    private static readonly (string Word, KeyScopes Scope)[] s_scopes = [("ingest", KeyScopes.Ingest), ("read", KeyScopes.Read), ("admin", KeyScopes.Admin)];

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Access");
        group.MapGet("/keys", (Delegate)ListAsync).RequireScope(KeyScopes.Admin)
            .WithName("listKeys").WithSummary("The keys of the workspace, without their texts").Produces<KeyListAnswer>();
        group.MapPost("/keys", (Delegate)CreateAsync).RequireScope(KeyScopes.Admin)
            .WithName("createKey").WithSummary("Make a key; its text is shown only in this answer")
            .Accepts<CreateKeyBody>("application/json").Produces<NewKeyAnswer>(StatusCodes.Status201Created);
        group.MapDelete("/keys/{id}", (Delegate)RevokeAsync).RequireScope(KeyScopes.Admin)
            .WithName("revokeKey").WithSummary("Revoke a key: its next request is refused").Produces(StatusCodes.Status204NoContent);
    }

    private static async Task ListAsync(HttpContext context, KeyService keys)
    {
        IReadOnlyList<ApiKey> all = await keys.ListAsync(context.Workspace(), context.RequestAborted);
        await JsonBody.WriteAsync(context, new KeyListAnswer([.. all.Select(key => new KeyAnswer(key.Id, key.Name, key.Live, WordsOf(key.Scopes), key.CreatedAt, key.RevokedAt))], null));
    }

    private static async Task CreateAsync(HttpContext context, KeyService keys)
    {
        CreateKeyBody body = await JsonBody.ReadAsync<CreateKeyBody>(context);
        string name = Texts.Required(body.Name, "/name");
        KeyScopes scopes = ScopesOf(body.Scopes);
        (ApiKey key, string text) = await keys.CreateAsync(context.Caller().Workspace, name, body.Live, scopes, context.Actor(), context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await JsonBody.WriteAsync(context, new NewKeyAnswer(key.Id, text, key.Name, key.Live, WordsOf(key.Scopes), key.CreatedAt), StatusCodes.Status201Created);
    }

    private static async Task RevokeAsync(HttpContext context, KeyService keys)
    {
        string id = RequestPath.Key(context, "id", "The id of a key");
        if (!await keys.RevokeAsync(context.Workspace(), id, context.Actor(), context.RequestAborted))
        {
            throw new ProblemException(Problem.NotFound($"There is no key '{id}'; GET /api/v1/keys lists them."));
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static KeyScopes ScopesOf(IReadOnlyList<string> words)
    {
        KeyScopes scopes = KeyScopes.None;
        for (int i = 0; i < words.Count; i++)
        {
            (string word, KeyScopes scope) = s_scopes.FirstOrDefault(known => known.Word == words[i]);
            scopes |= word is null ? throw Texts.Wrong($"/scopes/{i}", "A scope is one of ingest, read, admin.") : scope;
        }

        return scopes == KeyScopes.None ? throw Texts.Wrong("/scopes", "A key needs at least one scope: ingest, read, admin.") : scopes;
    }

    private static List<string> WordsOf(KeyScopes scopes) => [.. s_scopes.Where(known => scopes.HasFlag(known.Scope)).Select(known => known.Word)];
}

/// <param name="Live">False marks a key for tests: its text begins with <c>weir_test_</c>.</param>
internal sealed record CreateKeyBody(string Name, IReadOnlyList<string> Scopes, bool Live = true);

internal sealed record KeyListAnswer(IReadOnlyList<KeyAnswer> Items, string? Next);

internal sealed record KeyAnswer(string Id, string Name, bool Live, IReadOnlyList<string> Scopes, Instant CreatedAt, Instant? RevokedAt);

/// <param name="Key">The key's text. It is not stored and cannot be shown again.</param>
internal sealed record NewKeyAnswer(string Id, string Key, string Name, bool Live, IReadOnlyList<string> Scopes, Instant CreatedAt);
