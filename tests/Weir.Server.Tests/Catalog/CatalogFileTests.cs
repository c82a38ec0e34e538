using Weir.Engine;

namespace Weir.Server.Tests.Catalog;

public sealed class CatalogFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weir-catalog-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact(DisplayName = "CAT-1: a file is applied again when it has changed, and takes no change back that was made while running")]
    public async Task AppliedWhenChanged()
    {
        string file = Path.Combine(_folder, "catalog.yaml");
        await File.WriteAllTextAsync(file, "name: first\ndefaultPlan: free\nplans: { free: {} }\n");
        await using MemoryStore store = new(TimeProvider.System);
        await store.OpenAsync(CancellationToken.None);
        WorkspaceId workspace = (await store.Workspaces.CreateAsync("default", null, "UTC", Workspace.Created(AuditActor.Host, "default", "UTC"), CancellationToken.None))!.Id;
        CatalogService catalogs = new(store, TimeProvider.System);
        async Task<(int, string)> ApplyAsync()
        {
            await catalogs.ApplyFileAsync(workspace, file, CancellationToken.None);
            (int version, Engine.Catalog catalog) = await catalogs.ActiveAsync(workspace, CancellationToken.None);
            return (version, catalog.Name);
        }

        Assert.Equal((1, "first"), await ApplyAsync());
        DocumentNode name = CatalogText.Parse("\"second\"", CatalogFormat.Json).Root!;
        Assert.Equal(2, (await catalogs.EditAsync(workspace, "/name", name, null, AuditActor.OfKey("admin", null), CancellationToken.None)).Version);
        Assert.Equal((2, "second"), await ApplyAsync());
        await File.WriteAllTextAsync(file, "name: third\ndefaultPlan: free\nplans: { free: {} }\n");
        Assert.Equal((3, "third"), await ApplyAsync());
        Assert.Equal((3, "third"), await ApplyAsync());
    }
}
