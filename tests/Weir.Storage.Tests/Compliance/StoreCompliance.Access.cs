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
}
