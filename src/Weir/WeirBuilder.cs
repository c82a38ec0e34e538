using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Weir;

/// <summary>Where stores and extensions register themselves: <c>services.AddWeir().AddSqlite("usage.db")</c>.</summary>
public sealed class WeirBuilder(IServiceCollection services)
{
    public IServiceCollection Services { get; } = services;

    /// <summary>Keeps everything in memory: for tests, and for what need not outlive the process.</summary>
    public WeirBuilder AddMemory()
    {
        Services.RemoveAll<IWeirStore>();
        Services.AddSingleton<IWeirStore>(provider => new MemoryStore(provider.GetRequiredService<TimeProvider>()));
        return this;
    }
}

public static class WeirServiceCollectionExtensions
{
    /// <summary>Adds Weir. A store must follow: <c>.AddSqlite(path)</c> or <c>.AddMemory()</c>.</summary>
    public static WeirBuilder AddWeir(this IServiceCollection services, Action<WeirOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<WeirOptions>().ValidateDataAnnotations().ValidateOnStart();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<WeirOptions>>().Value);
        services.AddMetrics();
        services.TryAddSingleton<WeirInstruments>();
        services.TryAddSingleton<StoreLifetime>();
        services.TryAddSingleton<CatalogService>();
        services.TryAddSingleton<BatchExecutor>();
        services.TryAddSingleton<GroupCommit>();
        services.TryAddSingleton<AdmissionService>();
        services.TryAddSingleton<ReservationService>();
        services.TryAddSingleton<ReservationSweeper>();
        services.TryAddSingleton<CorrectionService>();
        services.TryAddSingleton<GrantService>();
        services.TryAddSingleton<ImportService>();
        services.TryAddSingleton<AccountService>();
        services.TryAddSingleton<PlanMigrationService>();
        services.TryAddSingleton<ClosingService>();
        services.TryAddSingleton<ClosingSchedule>();
        services.TryAddSingleton<PeriodService>();
        services.TryAddSingleton<KeyService>();
        services.TryAddSingleton<PortalTokenService>();
        services.TryAddSingleton<PrivacyService>();
        services.AddOptions<RetentionOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<RetentionOptions>>().Value);
        services.TryAddSingleton<LedgerRetention>();
        services.TryAddSingleton<RetentionService>();
        services.TryAddSingleton<AuditVerifier>();
        services.TryAddSingleton<UsageService>();
        services.TryAddSingleton<AlertService>();
        services.TryAddSingleton<UsageRecorder>();
        services.TryAddSingleton<SummaryProjector>();
        services.TryAddSingleton<IUsage, DefaultUsage>();
        services.TryAddSingleton<Verifier>();
        services.TryAddSingleton<LedgerRepair>();
        services.TryAddSingleton<MeterQueryService>();
        services.TryAddSingleton<UsageHistoryService>();
        services.TryAddSingleton<UsageBreakdownService>();
        services.TryAddSingleton<UsageTrendService>();
        services.TryAddSingleton<OverviewService>();
        services.TryAddSingleton<HealthService>();
        services.TryAddSingleton<UnusualUsageWatch>();
        services.AddNotifications();
        services.AddHostedService(provider => provider.GetRequiredService<StoreLifetime>());
        services.AddHostedService(provider => provider.GetRequiredService<UsageRecorder>());
        services.AddHostedService(provider => provider.GetRequiredService<SummaryProjector>());
        services.AddHostedService(provider => provider.GetRequiredService<ClosingSchedule>());
        services.AddHostedService<EraseResumption>();
        services.AddHostedService(provider => provider.GetRequiredService<ReservationSweeper>());
        services.AddHostedService(provider => provider.GetRequiredService<UnusualUsageWatch>());
        services.AddHostedService(provider => provider.GetRequiredService<NotificationDispatcher>());
        return new WeirBuilder(services);
    }

    private static void AddNotifications(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<MailOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<WebhookOptions>>().Value);
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<MailOptions>>().Value);
        services.TryAddSingleton(provider => new SecretBox(provider.GetRequiredService<WeirOptions>().MasterKey));
        services.TryAddSingleton<TargetAddresses>();
        services.TryAddSingleton<WebhookSender>();
        services.TryAddSingleton<MailSender>();
        services.TryAddSingleton<NotificationFanOut>();
        services.TryAddSingleton<DeliveryLane>();
        services.TryAddSingleton(provider => new NotificationDispatcher(
            provider.GetRequiredService<IWeirStore>(), provider.GetRequiredService<NotificationFanOut>(), provider.GetRequiredService<DeliveryLane>(),
            provider.GetRequiredService<WebhookOptions>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<NotificationDispatcher>>()));
        services.TryAddSingleton(provider => new WebhookService(
            provider.GetRequiredService<IWeirStore>(), provider.GetRequiredService<SecretBox>(), provider.GetRequiredService<DeliveryLane>(),
            provider.GetRequiredService<NotificationDispatcher>(), provider.GetRequiredService<WebhookOptions>(), provider.GetRequiredService<TargetAddresses>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<ContactService>();
    }
}
