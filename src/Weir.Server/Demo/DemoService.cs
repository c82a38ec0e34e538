using System.Diagnostics;
using System.Text;

using NodaTime;

using Weir.Engine;

namespace Weir.Server;

/// <summary>
/// Fills the workspace <c>default</c> with a product's customers and their last 90 days, through the same path as real events, while the
/// server already serves; then lets them go on working.
/// </summary>
internal sealed class DemoService(
    StoreLifetime store, CatalogService catalogs, AccountService accounts, AdmissionService admission, TimeProvider time, ILogger<DemoService> logger) : BackgroundService
{
    private const string CatalogName = "nexa";
    private const int Batch = 1000;

    /// <summary>Between two live events at a busy hour.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(4);

    private static readonly AuditActor s_actor = AuditActor.OfHost("demo");

    private readonly Random _random = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            if (await CatalogAsync(stoppingToken) is not { } catalog)
            {
                return;
            }

            Account[] heads = await OpenAccountsAsync(stoppingToken);
            await LoadAsync(heads, catalog, stoppingToken);
            await LiveAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; what was under way is answered by the writer.
        }
        catch (Exception exception) when (exception is StoreUnavailableException or OverloadedException or CommandException)
        {
            ServerLog.DemoEnded(logger, exception.Message);
        }
    }

    private WorkspaceId Home => store.Default.Id;

    /// <summary>The demo's catalog; null when the workspace has another, which stays.</summary>
    private async Task<Catalog?> CatalogAsync(CancellationToken cancellationToken)
    {
        (int version, Catalog active) = await catalogs.ActiveAsync(Home, cancellationToken);
        if (version != 0)
        {
            if (active.Name == CatalogName)
            {
                return active;
            }

            ServerLog.DemoSkipped(logger, active.Name);
            return null;
        }

        using Stream resource = typeof(DemoService).Assembly.GetManifestResourceStream("catalogs/nexa.yaml")!;
        using StreamReader reader = new(resource, Encoding.UTF8);
        CatalogChange change = await catalogs.ReplaceAsync(Home, await reader.ReadToEndAsync(cancellationToken), CatalogFormat.Yaml, null, s_actor, cancellationToken);
        if (change.Version is null)
        {
            throw new InvalidDataException($"The demo's catalog was not taken: {change.Errors[0]}");
        }

        return (await catalogs.ActiveAsync(Home, cancellationToken)).Catalog;
    }

    /// <summary>An account that exists stays as it is: an operator may have changed it.</summary>
    private async Task<Account[]> OpenAccountsAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(DemoAccounts.All.Select(async account =>
        {
            AccountKey key = new(account.Key);
            if (await accounts.FindAsync(Home, key, cancellationToken) is { } known)
            {
                return known.State.Account;
            }

            DateTimeZone zone = DateTimeZoneProviders.Tzdb[account.Zone];
            LocalDate today = Instant.FromDateTimeOffset(time.GetUtcNow()).InZone(zone).Date;
            int hour = int.Parse(account.SignedUpAt.AsSpan(0, 2));
            int minute = int.Parse(account.SignedUpAt.AsSpan(3, 2));
            AccountChange change = new()
            {
                Plan = account.Plan,
                Zone = zone,
                Anchor = today.PlusDays(-account.DaysIntoPeriod).PlusMonths(-6).At(new LocalTime(hour, minute)),
            };
            Outcome outcome = await accounts.ChangeAsync(Home, key, change, new AccountProfile(key) { Name = account.Name }, create: true, s_actor, cancellationToken);
            return outcome.Account?.Account ?? throw new CommandException($"The demo's account '{account.Key}' was not made: {outcome.Failure?.Message}");
        }));

    /// <summary>History belongs before the account's first live event, so an account that has lived has all of it.</summary>
    private async Task LoadAsync(Account[] heads, Catalog catalog, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        List<UsageEvent> events = [];
        for (int i = 0; i < heads.Length; i++)
        {
            if (heads[i].FirstLiveEventAt is null)
            {
                events.AddRange(DemoHistory.Of(DemoAccounts.All[i], heads[i], catalog));
            }
        }

        events.Sort((a, b) => a.At!.Value.CompareTo(b.At!.Value));
        int refused = 0;
        for (int from = 0; from < events.Count; from += Batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<Outcome> outcomes = await admission.RecordAsync(Home, events.GetRange(from, Math.Min(Batch, events.Count - from)), cancellationToken);
            refused += outcomes.Count(o => o.Failure is not null);
            if (from / Batch % 5 == 4)
            {
                ServerLog.DemoLoading(logger, from + outcomes.Count, events.Count);
            }
        }

        ServerLog.DemoLoaded(logger, DemoAccounts.All.Count, events.Count, refused, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private async Task LiveAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Instant now = Instant.FromDateTimeOffset(time.GetUtcNow());
            double[] busy = [.. DemoAccounts.All.Select(account => account.Users * DemoRhythm.Of(now.InZone(DateTimeZoneProviders.Tzdb[account.Zone]).LocalDateTime))];
            DemoAccount account = Pick(busy);
            try
            {
                await LiveEventAsync(account, cancellationToken);
            }
            catch (Exception exception) when (exception is StoreUnavailableException or OverloadedException)
            {
                ServerLog.DemoPaused(logger, exception.Message);
            }

            double mean = DemoAccounts.All.Sum(a => (double)a.Users);
            TimeSpan pause = s_pace / Math.Max(0.1, busy.Sum() / mean) * (0.5 + _random.NextDouble());
            await Task.Delay(pause < s_longestPause ? pause : s_longestPause, time, cancellationToken);
        }
    }

    /// <summary>Mostly work that uses little, so that a demo that runs for days does not use up every plan at once.</summary>
    private async Task LiveEventAsync(DemoAccount account, CancellationToken cancellationToken)
    {
        double roll = _random.NextDouble();
        UsageEvent e = roll switch
        {
            < 0.06 => DemoEvents.Tool(account, _random),
            < 0.065 => DemoEvents.Session(account, _random),
            < 0.07 => DemoEvents.Export(account, _random),
            _ => DemoEvents.Asset(account, (_random.NextDouble() < 0.45 ? -1 : 1) * _random.NextInt64(2_000, 300_000), _random),
        };
        e = e with { Id = new Engine.EventId($"demo-live-{Guid.NewGuid():N}") };
        _ = e.Failed
            ? (await admission.RecordAsync(Home, [e], cancellationToken))[0]
            : await admission.ConsumeAsync(Home, e, ConsumeMode.Enforce, cancellationToken);
    }

    private DemoAccount Pick(double[] weights)
    {
        double rest = _random.NextDouble() * weights.Sum();
        for (int i = 0; i < weights.Length; i++)
        {
            rest -= weights[i];
            if (rest < 0)
            {
                return DemoAccounts.All[i];
            }
        }

        return DemoAccounts.All[^1];
    }
}
