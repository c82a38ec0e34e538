using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Weir's services over a store, with a clock that tests move. Nothing runs in the background but the writer.</summary>
internal sealed class UsageDesk : IAsyncDisposable
{
    public const string Catalog = """
        name: test
        defaultPlan: free
        meters:
          credits: { unit: credit, scale: 2 }
          calls:   { unit: call }
          storage: { unit: byte, kind: level }
          seats:   { unit: seat, kind: level }
        events:
          diagnose:
            category: ai
            endpoint: /api/diagnose
            dimensions: [department, tier]
            charges:
              credits: { base: 10, multiplier: { property: complexity, min: 1, max: 3 }, rounding: nearest }
              calls: 1
          render:
            category: media
            dimensions: [tier]
            charges:
              credits: { per: { property: seconds, unit: 60, amount: 1.5 }, rounding: nearest }
          ping: { charges: { calls: 1 } }
          stored: { category: storage, charges: { storage: { change: { property: bytes } } } }
          counted: { charges: { seats: { set: { property: seats } } } }
        plans:
          free:
            allowances:
              credits:
                - { limit: 100000, per: month, enforcement: soft }
                - { limit: 100, per: day, enforcement: soft, scope: user }
              storage: { limit: 1000000 }
        workspace:
          allowances: { cost: { limit: 500, per: calendar-day } }
        """;

    private readonly ServiceProvider _provider;

    private UsageDesk(ServiceProvider provider, FakeClock clock)
    {
        _provider = provider;
        Clock = clock;
    }

    public FakeClock Clock { get; }

    public WorkspaceId Workspace { get; private set; }

    public IWeirStore Store => Get<IWeirStore>();

    public SummaryProjector Projector => Get<SummaryProjector>();

    public static async Task<UsageDesk> OpenAsync(Instant now, Func<TimeProvider, IWeirStore>? store = null, string catalog = Catalog)
    {
        FakeClock clock = new(now);
        ServiceCollection services = new();
        services.AddLogging();
        services.AddSingleton<TimeProvider>(clock);
        services.AddWeir().AddMemory();
        if (store is not null)
        {
            services.RemoveAll<IWeirStore>();
            // What the provider has made it disposes of.
            services.AddSingleton(_ => store(clock));
        }

        UsageDesk desk = new(services.BuildServiceProvider(), clock);
        await desk.Get<StoreLifetime>().StartingAsync(CancellationToken.None);
        desk.Workspace = desk.Get<StoreLifetime>().Default.Id;
        await desk.PutCatalogAsync(catalog);
        return desk;
    }

    public T Get<T>()
        where T : notnull => _provider.GetRequiredService<T>();

    public async Task PutCatalogAsync(string catalog)
    {
        CatalogChange change = await Get<CatalogService>().ReplaceAsync(Workspace, catalog, CatalogFormat.Yaml, null, AuditActor.Host, CancellationToken.None);
        Assert.Empty(change.Errors);
    }

    /// <summary>Records what has happened; it must be taken.</summary>
    public async Task<Outcome> RecordAsync(
        string id, string type, (string Name, object Value)[]? properties = null, string account = "acme", EventDetails? details = null, decimal? cost = null,
        Instant? at = null, bool failed = false, bool import = false)
    {
        UsageEvent e = new()
        {
            Id = new EventId(id),
            Account = new AccountKey(account),
            Type = type,
            Properties = Properties.Of((properties ?? []).Select(p => KeyValuePair.Create(p.Name, ValueOf(p.Value)))),
            Details = details ?? EventDetails.Empty,
            Cost = cost is { } amount ? new GivenCost(amount, null) : null,
            At = at,
            Failed = failed,
            Import = import,
        };
        return Taken((await Get<AdmissionService>().RecordAsync(Workspace, [e], CancellationToken.None))[0]);
    }

    public async Task<Outcome> CompleteAsync(
        string id, EventDetails details, bool failed = false, (string Name, object Value)[]? properties = null, string account = "acme", decimal? cost = null) =>
        Taken(await Get<AdmissionService>().CompleteAsync(
            Workspace,
            new CallCompletion
            {
                Event = new EventId(id),
                Account = new AccountKey(account),
                Failed = failed,
                Details = details,
                Properties = Properties.Of((properties ?? []).Select(p => KeyValuePair.Create(p.Name, ValueOf(p.Value)))),
                Cost = cost is { } amount ? new GivenCost(amount, null) : null,
            },
            CancellationToken.None));

    public async Task<Outcome> ReverseAsync(string id) =>
        Taken(await Get<CorrectionService>().ReverseAsync(Workspace, new EventId(id), "mistake", "operator", CancellationToken.None));

    public async Task<Outcome> AdjustAsync(string id, string meter, decimal amount, string account = "acme") =>
        Taken(await Get<CorrectionService>().AdjustAsync(Workspace, new EventId(id), new AccountKey(account), meter, amount, "corrected", "operator", "operator", CancellationToken.None));

    public async Task<long> IdOfAsync(string account = "acme") =>
        (await Store.Ledger.ReadStateAsync(Workspace, new AccountKey(account), CancellationToken.None))!.Account.Id;

    /// <summary>The cells that say something.</summary>
    public async Task<Dictionary<SummaryKey, SummaryFigures>> CellsAsync()
    {
        SummaryCells cells = new();
        await foreach ((SummaryKey key, SummaryFigures figures) in Store.Summaries.ReadAsync(Workspace, new SummaryQuery(null, null, null, null, Instant.MinValue, Instant.MaxValue), CancellationToken.None))
        {
            cells.Add(key, figures);
        }

        return cells.ToFigures();
    }

    /// <summary>Work of every kind by several accounts and users, the same for the same seed; the clock moves on with it.</summary>
    /// <param name="between">Called after each piece of work.</param>
    public async Task WorkAsync(int seed, int pieces, Func<int, Task>? between = null)
    {
        Random random = new(seed);
        List<(string Id, string Account)> open = [];
        for (int i = 0; i < pieces; i++)
        {
            string account = "account-" + random.Next(3);
            string id = $"{seed}-{i}";
            EventDetails details = new()
            {
                User = random.Next(3) == 0 ? null : "u" + random.Next(3),
                Campaign = random.Next(4) == 0 ? "spring" : null,
                Source = random.Next(2) == 0 ? "web" : "api",
                Model = random.Next(3) == 0 ? "m" + random.Next(2) : null,
                Status = random.Next(2) == 0 ? "200" : null,
                LatencyMs = random.Next(2) == 0 ? random.Next(1_000) : null,
            };
            decimal? cost = random.Next(3) == 0 ? random.Next(1, 1_000) / 1_000m : null;
            switch (random.Next(10))
            {
                case < 4:
                    await RecordAsync(id, "diagnose", [("complexity", 1 + (random.Next(200) / 100m)), ("department", "d" + random.Next(2))], account, details, cost, failed: random.Next(8) == 0);
                    open.Add((id, account));
                    break;
                case 4:
                    await RecordAsync(id, "render", [("seconds", random.Next(300)), ("tier", "gold")], account, details, cost, at: Clock.Now - Duration.FromMinutes(random.Next(40 * 24 * 30)));
                    open.Add((id, account));
                    break;
                case 5:
                    await RecordAsync(id, "stored", [("bytes", random.Next(-400, 1_000))], account, details);
                    open.Add((id, account));
                    break;
                case 6:
                    await RecordAsync(id, "counted", [("seats", random.Next(20))], account, details);
                    break;
                case 7:
                    await RecordAsync(id, "ping", null, account, details);
                    await AdjustAsync(id + "-adjusted", "calls", 5, account);
                    break;
                case 8 when open.Count > 0:
                    (string reversed, _) = open[random.Next(open.Count)];
                    await Get<CorrectionService>().ReverseAsync(Workspace, new EventId(reversed), null, null, CancellationToken.None);
                    break;
                case 9 when open.Count > 0:
                    (string completed, string owner) = open[random.Next(open.Count)];
                    await Get<AdmissionService>().CompleteAsync(
                        Workspace,
                        new CallCompletion
                        {
                            Event = new EventId(completed), Account = new AccountKey(owner), Failed = random.Next(3) == 0, Details = new EventDetails { Status = "s" + random.Next(2), LatencyMs = random.Next(500), Model = "m9" },
                            Cost = new GivenCost(0.5m, null),
                        },
                        CancellationToken.None);
                    break;
                default:
                    await RecordAsync(id, "ping", null, account, details);
                    break;
            }

            Clock.Advance(Duration.FromSeconds(random.Next(1_800)));
            if (between is not null)
            {
                await between(i);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Get<StoreLifetime>().StoppedAsync(CancellationToken.None);
        await _provider.DisposeAsync();
    }

    private static Outcome Taken(Outcome outcome) =>
        outcome.Allowed ? outcome : throw new InvalidOperationException($"{outcome.Id} was not taken: {outcome.Refusal} {outcome.Failure?.Message}");

    private static PropertyValue ValueOf(object value) => value switch
    {
        decimal number => PropertyValue.Of(number),
        int number => PropertyValue.Of((decimal)number),
        bool yes => PropertyValue.Of(yes),
        string text => PropertyValue.Of(text),
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "A property of this kind is not used here."),
    };
}
