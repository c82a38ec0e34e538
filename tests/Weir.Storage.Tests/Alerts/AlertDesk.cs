using System.Reflection;
using System.Security.Cryptography;
using System.Text;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>Everything that delivers notifications, over a store, with a clock and timers that tests move. Nothing runs in the background.</summary>
internal sealed class AlertDesk : IAsyncDisposable
{
    public static readonly string MasterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly ServiceProvider _provider;

    private AlertDesk(ServiceProvider provider, TimedClock clock)
    {
        _provider = provider;
        Clock = clock;
    }

    public TimedClock Clock { get; }

    public Workspace Workspace { get; private set; } = null!;

    public IWeirStore Store => Get<IWeirStore>();

    public WebhookService Webhooks => Get<WebhookService>();

    public static async Task<AlertDesk> OpenAsync(
        IWeirStore? store = null, Action<WebhookOptions>? webhooks = null, Action<MailOptions>? mail = null, string? masterKey = null, TimedClock? clock = null,
        ILoggerProvider? log = null)
    {
        clock ??= new TimedClock(Sample.Now);
        ServiceCollection services = new();
        services.AddLogging(logging =>
        {
            if (log is not null)
            {
                logging.AddProvider(log);
            }
        });
        services.AddSingleton<TimeProvider>(clock);
        services.Configure<WebhookOptions>(options =>
        {
            options.AllowHttp = true;
            options.AllowPrivateTargets = true;
            webhooks?.Invoke(options);
        });
        services.Configure<MailOptions>(options => mail?.Invoke(options));
        services.AddWeir(options => options.MasterKey = masterKey ?? MasterKey).AddMemory();
        if (store is not null)
        {
            services.RemoveAll<IWeirStore>();
            services.AddSingleton(store);
        }

        AlertDesk desk = new(services.BuildServiceProvider(), clock);
        await desk.Get<StoreLifetime>().StartingAsync(CancellationToken.None);
        desk.Workspace = desk.Get<StoreLifetime>().Default;
        return desk;
    }

    public T Get<T>()
        where T : notnull => _provider.GetRequiredService<T>();

    public async Task<(Webhook Webhook, string Secret)> HookAsync(string url, params string[] types) =>
        (await Webhooks.CreateAsync(Workspace.Id, url, null, types, AuditActor.Host, CancellationToken.None))!.Value;

    /// <summary>Writes notifications under these ids.</summary>
    public async Task TellAsync(params string[] ids) =>
        await Store.Notifications.AppendAsync(Workspace.Id, [.. ids.Select(id => Sample.Note(id) with { At = Clock.Now, Account = 0 })], CancellationToken.None);

    public async Task TellAsync(Notification notification) => await Store.Notifications.AppendAsync(Workspace.Id, [notification], CancellationToken.None);

    public Task CatchUpAsync(CancellationToken cancellationToken = default) => Get<NotificationDispatcher>().CatchUpAsync(Workspace, cancellationToken);

    /// <summary>Advances to the next attempt of whatever waits, and makes it.</summary>
    public async Task NextAsync()
    {
        Instant next = (await Store.Deliveries.WaitingAsync(Workspace.Id, CancellationToken.None)).Min(waiting => waiting.ReadyAt);
        Clock.Advance(Duration.Max(next - Clock.Now, Duration.Zero));
        await CatchUpAsync();
    }

    public async Task<IReadOnlyList<Delivery>> DeliveriesAsync(string target) =>
        await Store.Deliveries.ListAsync(Workspace.Id, target, new DeliveryFilter { Limit = 1000 }, CancellationToken.None);

    public async Task<Delivery> DeliveryAsync(string target) => Assert.Single(await DeliveriesAsync(target));

    public async Task<long> AccountAsync(string key)
    {
        NewAccount account = Sample.New(key, RandomNumberGenerator.GetInt32(1, int.MaxValue));
        await Store.Ledger.CreateAccountsAsync(Workspace.Id, [account], CancellationToken.None);
        return account.Account.Id;
    }

    public async ValueTask DisposeAsync()
    {
        IWeirStore store = Store;
        await Get<StoreLifetime>().StoppedAsync(CancellationToken.None);
        await _provider.DisposeAsync();
        await store.DisposeAsync();
    }
}

/// <summary>A store of deliveries that dies at a moment of the test's choice.</summary>
public class DyingDeliveries : DispatchProxy
{
    private IDeliveryStore _inner = null!;

    /// <summary>Asked before each call; true makes it fail without an effect, as when the process ends there.</summary>
    private Func<string, bool> _dies = null!;

    public static IDeliveryStore Over(IDeliveryStore inner, Func<string, bool> dies)
    {
        IDeliveryStore proxy = Create<IDeliveryStore, DyingDeliveries>();
        ((DyingDeliveries)(object)proxy)._inner = inner;
        ((DyingDeliveries)(object)proxy)._dies = dies;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _dies(targetMethod!.Name) ? throw new ProcessEndedException() : targetMethod.Invoke(_inner, args);
}

public sealed class ProcessEndedException : Exception;
