using System.Net.Http.Json;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.AspNetCore;
using Weir.Engine;
using Weir.Storage.Tests;

namespace Weir.Server.Tests.Hosting;

/// <summary>An application with Weir inside it, on a port of its own, whose clock stands still and whose store can be held or be down.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    public static readonly Instant Start = Instant.FromUtc(2026, 11, 21, 9, 30);

    private const string Catalog = """
        name: host
        defaultPlan: free
        currency: USD
        meters:
          credits: { unit: credit, scale: 2 }
          tokens:  { unit: token }
          views:   { unit: view }
        events:
          diagnose:
            charges:
              credits: { base: 10, multiplier: { property: complexity, min: 1.0, max: 2.5 }, bonuses: { echo: 5 } }
          chat:    { charges: { tokens: { per: { property: tokens, unit: 1, amount: 1 } } } }
          viewed:  { charges: { views: 1 } }
          ping:    { rate: api, charges: { views: 1 } }
          render:  { slot: render, charges: { tokens: { per: { property: seconds, unit: 1, amount: 1 } } } }
          premium: { requires: [advanced], charges: { credits: 1 } }
        plans:
          free:
            name: Free Plan
            price: { monthly: 0 }
            allowances: { credits: { limit: 100, per: month } }
            slots: { render: 1 }
            rates: { api: { limit: 2, per: 1m } }
            features: { advanced: false }
          starter:
            name: Starter Plan
            price: { monthly: 19 }
            allowances: { credits: { limit: 1000, per: month } }
            rates: { api: { limit: 2, per: 1m } }
            features: { advanced: true }
        """;

    private readonly WebApplication _app;
    private readonly string _catalog;

    private TestHost(WebApplication app, HttpClient client, FakeClock clock, GatedStore store, string catalog)
    {
        _app = app;
        Client = client;
        Clock = clock;
        Store = store;
        _catalog = catalog;
    }

    public HttpClient Client { get; }

    public FakeClock Clock { get; }

    public GatedStore Store { get; }

    public IServiceProvider Services => _app.Services;

    public UsageRecorder Recorder => _app.Services.GetRequiredService<UsageRecorder>();

    private WorkspaceId Workspace => _app.Services.GetRequiredService<StoreLifetime>().Default.Id;

    /// <summary>The account stands in the header <c>X-Account</c>, the user in <c>X-User</c>.</summary>
    public static async Task<TestHost> StartAsync(
        Action<WebApplication> map, Action<WeirHostOptions>? options = null, Action<WeirOptions>? weir = null, Action<WebApplicationBuilder>? services = null,
        Action<WebApplication>? before = null)
    {
        string catalog = Path.Combine(Directory.CreateTempSubdirectory("weir-host-").FullName, "catalog.yaml");
        await File.WriteAllTextAsync(catalog, Catalog);
        FakeClock clock = new(Start);
        GatedStore store = new(new MemoryStore(clock));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddWeir(o =>
        {
            o.CatalogFile = catalog;
            weir?.Invoke(o);
        });
        builder.Services.AddSingleton(store.Store);
        services?.Invoke(builder);
        WebApplication app = builder.Build();
        before?.Invoke(app);
        app.UseWeir(o =>
        {
            o.Account = context => context.Request.Headers["X-Account"];
            o.User = context => context.Request.Headers["X-User"];
            options?.Invoke(o);
        });
        map(app);
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        HttpClient client = new(new SocketsHttpHandler()) { BaseAddress = new Uri(address) };
        client.DefaultRequestHeaders.Add("X-Account", "acme");
        return new TestHost(app, client, clock, store, catalog);
    }

    public async Task<(HttpResponseMessage Response, JsonElement Body)> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return (response, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default);
    }

    /// <summary>Stops the application, which empties the recorder, and reads the log, oldest first.</summary>
    public async Task<IReadOnlyList<LedgerRecord>> StopAndReadAsync()
    {
        await _app.StopAsync();
        return await Store.Store.Ledger.ReadAsync(Workspace, new LedgerFilter { Ascending = true, Limit = 1000 }, CancellationToken.None);
    }

    /// <summary>What the account has used of a meter, from its balance.</summary>
    public async Task<decimal> UsedAsync(string meter, string account = "acme")
    {
        AccountUsage? usage = await _app.Services.GetRequiredService<IUsage>().CurrentAsync(new AccountKey(account), CancellationToken.None);
        UsageLine? line = usage?.Lines.FirstOrDefault(l => l.Limit.Meter.Key == meter);
        return line is null ? 0 : line.Used.ToDecimal(line.Limit.Meter.Scale);
    }

    /// <summary>What open reservations hold of a meter.</summary>
    public async Task<decimal> HeldAsync(string meter, string account = "acme")
    {
        AccountUsage? usage = await _app.Services.GetRequiredService<IUsage>().CurrentAsync(new AccountKey(account), CancellationToken.None);
        UsageLine? line = usage?.Lines.FirstOrDefault(l => l.Limit.Meter.Key == meter);
        return line is null ? 0 : line.Held.ToDecimal(line.Limit.Meter.Scale);
    }

    /// <summary>Everything that the recorder has taken is durable.</summary>
    public async Task SettledAsync()
    {
        RecorderFigures figures;
        do
        {
            await Task.Yield();
            figures = Recorder.Figures;
        }
        while (figures.Recorded + figures.Rejected < figures.Accepted);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Store.Open();
        await _app.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_catalog)!, recursive: true);
    }
}
