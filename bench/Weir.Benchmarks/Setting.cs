using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Benchmarks;

/// <summary>A host with Weir, on SQLite in a folder of its own unless another store is given, and the small catalog that the benchmarks charge by.</summary>
internal sealed class Setting : IAsyncDisposable
{
    public const string CatalogText = """
        name: bench
        defaultPlan: plan
        meters:
          credits: { unit: credit, scale: 2 }
          calls: { unit: call }
        events:
          call:
            charges:
              credits: { base: 1, per: { property: tokens, unit: 100, amount: 1 } }
              calls: 1
        plans:
          plan:
            allowances:
              credits: { limit: 1000000000, per: month }
              calls: { limit: 1000000000, per: month }
        """;

    private Setting(WebApplication app, string folder)
    {
        App = app;
        Folder = folder;
    }

    public WebApplication App { get; }

    public string Folder { get; }

    public AdmissionService Admission => Service<AdmissionService>();

    public ReservationService Reservations => Service<ReservationService>();

    public T Service<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    public WorkspaceId Workspace => Service<StoreLifetime>().Default.Id;

    public static async Task<Setting> StartAsync(Action<WebApplication>? map = null, Action<WeirBuilder>? store = null)
    {
        string folder = Directory.CreateTempSubdirectory("weir-bench-").FullName;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        WeirBuilder weir = builder.Services.AddWeir().AddSqlite(Path.Combine(folder, "usage.db"));
        store?.Invoke(weir);
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        map?.Invoke(app);
        await app.StartAsync();
        Setting setting = new(app, folder);
        CatalogChange change = await app.Services.GetRequiredService<CatalogService>().ReplaceAsync(setting.Workspace, CatalogText, CatalogFormat.Yaml, null, AuditActor.OfHost("bench"), CancellationToken.None);
        return change.Version is null ? throw new InvalidOperationException(string.Join(Environment.NewLine, change.Errors)) : setting;
    }

    public static UsageEvent Event(string id, string account, int tokens) => new()
    {
        Id = new Engine.EventId(id),
        Account = new AccountKey(account),
        Type = "call",
        Properties = Properties.Of([new("tokens", PropertyValue.Of((decimal)tokens))]),
    };

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
