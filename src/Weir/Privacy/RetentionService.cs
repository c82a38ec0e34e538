using System.Text.Json.Nodes;

using Microsoft.Extensions.Logging;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Takes away by age what <see cref="RetentionOptions"/> bound (PRIV-2), with the daily work at 02:00 UTC: in small parts, on one node at a
/// time, and goes on another day where it ended. It ends erases too that an earlier process could not.
/// </summary>
public sealed class RetentionService
{
    /// <summary>The job's name in the store.</summary>
    public const string Job = "retention";

    /// <summary>Rows in one transaction: others wait for milliseconds.</summary>
    private const int RowsAtATime = 1_000;

    private const int LongestError = 500;

    private static readonly Duration s_lease = Duration.FromMinutes(5);

    /// <summary>A year, the days after which a period closes, and some more.</summary>
    private static readonly Duration s_closedFrom = Duration.FromDays(400);

    private readonly IWeirStore _store;
    private readonly PrivacyService _privacy;
    private readonly LedgerRetention _ledger;
    private readonly RetentionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RetentionService> _logger;

    public RetentionService(IWeirStore store, PrivacyService privacy, LedgerRetention ledger, RetentionOptions options, TimeProvider time, ILogger<RetentionService> logger)
    {
        _store = store;
        _privacy = privacy;
        _ledger = ledger;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>Every workspace whose run of today is not done.</summary>
    /// <returns>False when one of them must be done again.</returns>
    public async Task<bool> RunAllAsync(CancellationToken cancellationToken)
    {
        bool done = true;
        foreach (Workspace workspace in await _store.Workspaces.ListAsync(cancellationToken))
        {
            ScheduledJob? state = await _store.ScheduledJobs.FindAsync(workspace.Id, Job, cancellationToken);
            if (state?.Through is not { } through || through < ClosingService.DueAt(Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()))))
            {
                done &= await RunAsync(workspace.Id, cancellationToken);
            }
        }

        return done;
    }

    /// <summary>
    /// Closing summaries are made from the last entries of periods, of a year at the most: where they are behind, the entries wait for them,
    /// and where no closing has ever ended well, all of them.
    /// </summary>
    private async Task<Instant> OldestAsync(WorkspaceId workspace, Instant now, TimeSpan age, CancellationToken cancellationToken)
    {
        Instant oldest = now - Duration.FromTimeSpan(age);
        ScheduledJob? closing = await _store.ScheduledJobs.FindAsync(workspace, ClosingService.Job, cancellationToken);
        return closing is null ? oldest : closing.Through is { } through ? Instant.Min(oldest, through - s_closedFrom) : Instant.MinValue;
    }

    /// <summary>One workspace, now. False when it failed or another node runs it.</summary>
    public async Task<bool> RunAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        if (await _store.ScheduledJobs.TakeAsync(workspace, Job, ScheduledJobLease.ThisProcess, s_lease, cancellationToken) is not { } lease)
        {
            return false;
        }

        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        LedgerRetentionRun run = new();
        string? error = null;
        try
        {
            foreach ((RetentionKind kind, TimeSpan bound) in _options.Bounds())
            {
                Instant before = lease.TakenAt - Duration.FromTimeSpan(bound);
                counts[kind.ToString()] = 0;
                int step;
                do
                {
                    step = await _store.Privacy.PruneAsync(workspace, kind, before, RowsAtATime, cancellationToken);
                    counts[kind.ToString()] += step;
                    if (!await _store.ScheduledJobs.KeepAsync(workspace, lease, s_lease, cancellationToken))
                    {
                        return false;
                    }
                }
                while (step == RowsAtATime);
            }

            if (_options.Ledger is { } age && !await _ledger.RunAsync(
                workspace, await OldestAsync(workspace, lease.TakenAt, age, cancellationToken), RowsAtATime, run, async () => await _store.ScheduledJobs.KeepAsync(workspace, lease, s_lease, cancellationToken), cancellationToken))
            {
                return false;
            }

            error = await _privacy.CompleteAsync(workspace, cancellationToken) ? run.Waits : "An erase waits for a reader of the state before.";
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            error = exception is OperationCanceledException ? "The run was stopped." : exception.Message[..Math.Min(exception.Message.Length, LongestError)];
            if (exception is not OperationCanceledException)
            {
                Log.RetentionFailed(_logger, workspace.Value, exception);
            }
        }

        if (_options.Ledger is not null)
        {
            (counts["Ledger"], counts["LedgerIds"]) = (run.Carried, run.Ids);
        }

        long written = counts.Values.Sum();
        ScheduledJobResult result = new() { Through = error is null ? lease.TakenAt : null, Written = written, Error = error };
        AuditEntry audit = new(AuditActor.OfHost(Job), AuditActions.RetentionApplied, new AuditTarget("job", Job))
        {
            After = new JsonObject { ["at"] = InstantPattern.ExtendedIso.Format(lease.TakenAt), ["rows"] = new JsonObject(counts.Select(count => KeyValuePair.Create(count.Key, (JsonNode?)count.Value))) },
        };
        // Also when the host stops: another node may go on at once.
        return await _store.ScheduledJobs.EndAsync(workspace, lease, result, written > 0 ? audit : null, [], CancellationToken.None) && error is null;
    }
}
