using NodaTime;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    [Fact(DisplayName = "A workspace is made once under its key, and is found and listed")]
    public async Task AWorkspaceIsMadeOnce()
    {
        Workspace? second = await Store.Workspaces.CreateAsync("second", "Zweiter ü", "Europe/Berlin", None);
        Assert.NotNull(second);
        Assert.NotEqual(Own, second.Id);
        Assert.Equal(new Workspace(second.Id, "second", "Zweiter ü", "Europe/Berlin", Sample.Now), second);
        Assert.Null(await Store.Workspaces.CreateAsync("second", null, "UTC", None));
        Assert.Equal(second, await Store.Workspaces.FindAsync("second", None));
        Assert.Null(await Store.Workspaces.FindAsync("Second", None));
        Assert.Null(await Store.Workspaces.FindAsync("third", None));
        Assert.Equal(["own", "second"], (await Store.Workspaces.ListAsync(None)).Select(workspace => workspace.Key).Order(StringComparer.Ordinal));
    }

    [Fact(DisplayName = "Of several who make the same workspace at once, one does")]
    public async Task OneMakesTheWorkspace()
    {
        Workspace?[] made = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Store.Workspaces.CreateAsync("shared", $"{i}", "UTC", None).AsTask())));
        Workspace winner = Assert.Single(made, workspace => workspace is not null)!;
        Assert.Equal(winner, await Store.Workspaces.FindAsync("shared", None));
    }

    [Fact(DisplayName = "ACC-1: a key is kept as id and hash, found and listed")]
    public async Task AKeyIsKept()
    {
        ApiKey first = new("k1", "Produktion ü", true, KeyScopes.Ingest | KeyScopes.Read, Digest.Of("secret one"), Sample.Now, null);
        ApiKey second = new("k2", "", false, KeyScopes.Admin, Digest.Of("secret two"), Sample.Now + Duration.FromSeconds(1), Sample.Now + Duration.FromSeconds(2));
        await Store.Keys.AddAsync(Own, second, None);
        await Store.Keys.AddAsync(Own, first, None);
        Assert.Equal(first, await Store.Keys.FindAsync(Own, "k1", None));
        Assert.Equal(second, await Store.Keys.FindAsync(Own, "k2", None));
        Assert.Null(await Store.Keys.FindAsync(Own, "K1", None));
        Assert.Equal([first, second], (await Store.Keys.ListAsync(Own, None)).OrderBy(key => key.CreatedAt));
    }

    [Fact(DisplayName = "ACC-1: a key is revoked once; what is unknown is not")]
    public async Task AKeyIsRevoked()
    {
        await Store.Keys.AddAsync(Own, new ApiKey("k1", "", true, KeyScopes.Read, Digest.Of("s"), Sample.Now, null), None);
        Time.Advance(Duration.FromSeconds(5));
        Assert.True(await Store.Keys.RevokeAsync(Own, "k1", None));
        Time.Advance(Duration.FromSeconds(5));
        Assert.True(await Store.Keys.RevokeAsync(Own, "k1", None));
        Assert.Equal(Sample.Now + Duration.FromSeconds(5), (await Store.Keys.FindAsync(Own, "k1", None))!.RevokedAt);
        Assert.False(await Store.Keys.RevokeAsync(Own, "k2", None));
    }

    [Fact(DisplayName = "ACC-3: a portal token is kept as id and hash, found, listed newest first by account and page, and forgotten when it is long over")]
    public async Task APortalTokenIsKept()
    {
        PortalToken[] tokens = [Token("b", 1, 1), Token("a", 1, 2), Token("c", 2, 2), Token("d", 1, 2) with { User = null }, Token("e", 1, 3)];
        foreach (PortalToken token in tokens)
        {
            await Store.PortalTokens.AddAsync(Own, token, Instant.MinValue, Record(token.Id), None);
            Assert.Equal(token, await Store.PortalTokens.FindAsync(Own, token.Id, None));
        }

        async Task<string> IdsAsync(PortalTokenFilter filter) => string.Join(' ', (await Store.PortalTokens.ListAsync(Own, filter, None)).Select(token => token.Id));
        Assert.Null(await Store.PortalTokens.FindAsync(Own, "A", None));
        Assert.Equal("e d c a b", await IdsAsync(new PortalTokenFilter()));
        Assert.Equal("e d", await IdsAsync(new PortalTokenFilter { Limit = 2 }));
        Assert.Equal("c a", await IdsAsync(new PortalTokenFilter { Limit = 2, Before = (tokens[3].CreatedAt, "d") }));
        Assert.Equal("e d a b", await IdsAsync(new PortalTokenFilter { Account = 1 }));
        Assert.Equal("", await IdsAsync(new PortalTokenFilter { Account = 0 }));

        await Store.PortalTokens.AddAsync(Own, Token("f", 1, 9), tokens[1].ExpiresAt, Record("f"), None);
        Assert.Equal("f e d c a", await IdsAsync(new PortalTokenFilter()));
    }

    [Fact(DisplayName = "ACC-3: a portal token is revoked once; what is unknown is not")]
    public async Task APortalTokenIsRevoked()
    {
        await Store.PortalTokens.AddAsync(Own, Token("a", 1, 0), Instant.MinValue, Record("a"), None);
        int before = (await Store.Audit.ReadAsync(Own, new AuditFilter(), None)).Count;
        Time.Advance(Duration.FromSeconds(5));
        Assert.True(await Store.PortalTokens.RevokeAsync(Own, "a", Record("a"), None));
        Time.Advance(Duration.FromSeconds(5));
        Assert.True(await Store.PortalTokens.RevokeAsync(Own, "a", Record("a"), None));
        Assert.False(await Store.PortalTokens.RevokeAsync(Own, "b", Record("b"), None));
        Assert.Equal(Sample.Now + Duration.FromSeconds(5), (await Store.PortalTokens.FindAsync(Own, "a", None))!.RevokedAt);
        Assert.Equal(before + 1, (await Store.Audit.ReadAsync(Own, new AuditFilter(), None)).Count);
    }

    private static PortalToken Token(string id, long account, int second) => new(
        id, account, "Anna ü", Digest.Of("secret of " + id), Sample.Now + Duration.FromSeconds(second), Sample.Now + Duration.FromSeconds(second + 60), null);
}
