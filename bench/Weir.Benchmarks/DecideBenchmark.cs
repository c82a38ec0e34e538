using System.Collections.Immutable;

using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

using NodaTime;

using Weir.Engine;

namespace Weir.Benchmarks;

/// <summary>One decision on a state in memory: rated before, two meters with a hard limit each.</summary>
[MemoryDiagnoser]
public class DecideBenchmark
{
    private readonly Instant _now = Instant.FromUtc(2026, 3, 15, 12, 0);
    private AccountState _account = null!;
    private AccountState _workspace = null!;
    private CatalogBook _book = null!;
    private Consume _consume = null!;
    private EventType _type = null!;
    private Properties _properties = null!;

    public static Task RunAsync()
    {
        IConfig config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .WithOptions(ConfigOptions.DisableLogFile)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "weir-bench-decide"));
        BenchmarkRunner.Run<DecideBenchmark>(config);
        return Task.CompletedTask;
    }

    [GlobalSetup]
    public void Prepare()
    {
        Catalog catalog = CatalogText.Read(Setting.CatalogText, CatalogFormat.Yaml).Catalog!;
        _book = new CatalogBook(1, ImmutableDictionary<int, Catalog>.Empty.Add(1, catalog));
        Timeline timeline = Timeline.Starting(Schedule.StartingOn(_now - Duration.FromDays(100), DateTimeZoneProviders.Tzdb["Europe/Berlin"]));
        _account = AccountState.Of(new Account { Id = 1, CreatedAt = _now, Plan = "plan", Timeline = timeline });
        _workspace = AccountState.Of(new Account { Id = 0, CreatedAt = _now, Plan = "", Timeline = timeline });
        _type = catalog.Events["call"];
        _properties = Setting.Event("e", "a", 42).Properties;
        _consume = new Consume { Rated = Rater.Rate(catalog, _type, _properties, null, out _)!, Mode = ConsumeMode.Enforce, Now = _now };
        _account = Admission.Decide(_account, _workspace, _book, _consume).Account;
    }

    [Benchmark]
    public Decision Decide() => Admission.Decide(_account, _workspace, _book, _consume);

    [Benchmark]
    public RatedEvent? Rate() => Rater.Rate(_book.Active, _type, _properties, null, out _);
}
