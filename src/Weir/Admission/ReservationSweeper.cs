using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Writes down which reservations have ended by time. Nothing waits for it: every decision and every look counts what has expired as
/// returned (RES-1). It also finds the jobs that have not been heard of; several may sweep at once, on any node.
/// </summary>
public sealed class ReservationSweeper(
    IWeirStore store, ReservationService reservations, WeirOptions options, TimeProvider time, ILogger<ReservationSweeper> logger) : BackgroundService
{
    /// <summary>The most accounts that one pass tidies; the longest due come first, the rest with the next pass.</summary>
    private const int AccountsAtATime = 1_000;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    /// <summary>Tidies what has expired by now.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (Workspace workspace in await store.Workspaces.ListAsync(cancellationToken))
        {
            Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
            IReadOnlyList<AccountKey> due = await store.Ledger.ReadDueAsync(workspace.Id, now, AccountsAtATime, cancellationToken);
            await Task.WhenAll(due.Select(account => reservations.TidyAsync(workspace.Id, account, cancellationToken)));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Sweeping)
        {
            return;
        }

        using PeriodicTimer timer = new(s_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await SweepAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is StoreUnavailableException or OverloadedException)
                {
                    Log.SweeperWaits(logger, s_pause, exception.Message);
                    await Task.Delay(s_pause, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }
}
