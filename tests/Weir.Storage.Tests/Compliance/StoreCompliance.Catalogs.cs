using NodaTime;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    [Fact(DisplayName = "CAT-1: each accepted document is a version, kept as it was and active at once")]
    public async Task EachDocumentIsAVersion()
    {
        Assert.Equal(0, await Store.Catalogs.ActiveVersionAsync(Own, None));
        Assert.Empty(await Store.Catalogs.ListAsync(Own, true, None));
        Assert.Equal(1, await Store.Catalogs.AddAsync(Own, "name: ä\r\n# a comment\n", CatalogFormat.Yaml, "cli", 0, None));
        Time.Advance(Duration.FromSeconds(1));
        Assert.Equal(2, await Store.Catalogs.AddAsync(Own, "{ }", CatalogFormat.Json, null, 1, None));

        CatalogVersion first = new(1, "name: ä\r\n# a comment\n", CatalogFormat.Yaml, Sample.Now, "cli");
        CatalogVersion second = new(2, "{ }", CatalogFormat.Json, Sample.Now + Duration.FromSeconds(1), null);
        Assert.Equal(2, await Store.Catalogs.ActiveVersionAsync(Own, None));
        Assert.Equal(first, await Store.Catalogs.FindAsync(Own, 1, None));
        Assert.Equal(second, await Store.Catalogs.FindAsync(Own, 2, None));
        Assert.Null(await Store.Catalogs.FindAsync(Own, 3, None));
        Assert.Null(await Store.Catalogs.FindAsync(Own, 0, None));
        Assert.Equal([second, first], await Store.Catalogs.ListAsync(Own, true, None));
        Assert.Equal([second with { Document = "" }, first with { Document = "" }], await Store.Catalogs.ListAsync(Own, false, None));
    }

    [Fact(DisplayName = "CAT-1: a rollback activates an older version, and the next document follows the newest")]
    public async Task ARollbackActivatesAnOlderVersion()
    {
        await Store.Catalogs.AddAsync(Own, "1", CatalogFormat.Yaml, null, 0, None);
        await Store.Catalogs.AddAsync(Own, "2", CatalogFormat.Yaml, null, 1, None);
        Assert.True(await Store.Catalogs.ActivateAsync(Own, 1, 2, None));
        Assert.Equal(1, await Store.Catalogs.ActiveVersionAsync(Own, None));
        Assert.Equal(3, await Store.Catalogs.AddAsync(Own, "3", CatalogFormat.Yaml, null, 1, None));
        Assert.Equal(3, await Store.Catalogs.ActiveVersionAsync(Own, None));
    }

    [Fact(DisplayName = "CAT-1: a change that was made from another version than the active one is not taken")]
    public async Task AChangeFromAnotherVersionIsNotTaken()
    {
        await Store.Catalogs.AddAsync(Own, "1", CatalogFormat.Yaml, null, 0, None);
        await Store.Catalogs.AddAsync(Own, "2", CatalogFormat.Yaml, null, 1, None);
        Assert.Null(await Store.Catalogs.AddAsync(Own, "3", CatalogFormat.Yaml, null, 1, None));
        Assert.Null(await Store.Catalogs.AddAsync(Own, "3", CatalogFormat.Yaml, null, 3, None));
        Assert.False(await Store.Catalogs.ActivateAsync(Own, 1, 1, None));
        Assert.False(await Store.Catalogs.ActivateAsync(Own, 3, 2, None));
        Assert.Equal(2, await Store.Catalogs.ActiveVersionAsync(Own, None));
        Assert.Equal(2, (await Store.Catalogs.ListAsync(Own, false, None)).Count);
    }

    [Fact(DisplayName = "CAT-1: of several who change the same version at once, one wins")]
    public async Task OneOfManyWins()
    {
        await Store.Catalogs.AddAsync(Own, "0", CatalogFormat.Yaml, null, 0, None);
        int?[] added = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => Task.Run(() => Store.Catalogs.AddAsync(Own, $"by {i}", CatalogFormat.Yaml, $"{i}", 1, None).AsTask())));
        Assert.Equal([2], added.Where(version => version is not null).Select(version => version!.Value));
        CatalogVersion stored = (await Store.Catalogs.FindAsync(Own, 2, None))!;
        int winner = Array.FindIndex(added, version => version is not null) + 1;
        Assert.Equal(($"by {winner}", $"{winner}"), (stored.Document, stored.Actor));

        bool[] activated = await Task.WhenAll(Enumerable.Range(1, 8).Select(_ => Task.Run(() => Store.Catalogs.ActivateAsync(Own, 1, 2, None).AsTask())));
        Assert.Single(activated, won => won);
    }

    [Fact(DisplayName = "CAT-1: plans that accounts are on and meters that have entries are in use")]
    public async Task UseIsKnown()
    {
        CatalogUse none = await Store.Catalogs.ReadUseAsync(Own, None);
        Assert.Empty(none.Plans);
        Assert.Empty(none.Meters);

        await CreateAsync(Sample.New("a", 1, "free"), Sample.New("b", 2, "pro"), Sample.New("c", 3, "pro"));
        await RecordAsync(Sample.Row("1", Sample.Entry(1)), Sample.Row("2", Sample.FullEntry(2)));
        CatalogUse use = await Store.Catalogs.ReadUseAsync(Own, None);
        Assert.Equal(["free", "pro"], use.Plans.Order(StringComparer.Ordinal));
        Assert.Equal(["cost", "credits", "seats", "storage"], use.Meters.Order(StringComparer.Ordinal));
    }
}
