using System.Text.Json.Nodes;

using Microsoft.Extensions.Logging;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>What became of the wish to close periods.</summary>
public enum ClosingOutcome
{
    /// <summary>Everything that closed by now is written down.</summary>
    Done,

    /// <summary>Today's run is done already.</summary>
    NotDue,

    /// <summary>Another node runs it, or has taken it over.</summary>
    Elsewhere,

    /// <summary>Some accounts, or the run as a whole, failed; the next run does them again.</summary>
    Failed,
}

/// <param name="Result">Null when nothing was run.</param>
public sealed record ClosingRun(ClosingOutcome Outcome, ScheduledJobResult? Result);

/// <summary>The job as operators see it.</summary>
/// <param name="State">Null when it never ran.</param>
/// <param name="DueAt">When the last run was due.</param>
/// <param name="IsLate">It has not been done, long after it was due.</param>
/// <param name="NextAt">When the next run is due.</param>
public sealed record ClosingReport(ScheduledJob? State, Instant DueAt, bool IsLate, Instant NextAt);

/// <summary>
/// Writes closing summaries of the periods that closed since the last run, and opens new periods of accounts that nobody has used in them
/// (PER-6). Periods close by the clock alone: when a run is missed, late, killed in the middle or repeated, the next one writes what is
/// missing, and no figure is another.
/// </summary>
public sealed class ClosingService
{
    /// <summary>The job's name in the store.</summary>
    public const string Job = "closing";

    /// <summary>Hour of UTC at which the job runs.</summary>
    public const int Hour = 2;

    /// <summary>Accounts that are read, and whose summaries are written, at a time.</summary>
    private const int AccountsAtATime = 100;

    /// <summary>Characters of a message that are kept.</summary>
    private const int LongestError = 500;

    /// <summary>How often a batch is tried while the store does not answer.</summary>
    private const int MostAttempts = 4;

    /// <summary>Periods are closed by stretches of this length, so that no run has all the history of an account in memory.</summary>
    private static readonly Duration s_stretch = Duration.FromDays(31);

    /// <summary>No event lies further back before an account was made, but for imports, whose periods are not closed here.</summary>
    private static readonly Duration s_before = Admission.OldestEvent + Duration.FromDays(1);

    /// <summary>A run that is done later than this after it was due is late.</summary>
    private static readonly Duration s_late = Duration.FromHours(2);

    /// <summary>A node that has died lets go after this long. A batch takes a small part of it.</summary>
    private static readonly Duration s_lease = Duration.FromMinutes(5);

    private readonly IWeirStore _store;
    private readonly CatalogService _catalogs;
    private readonly GroupCommit _commits;
    private readonly TimeProvider _time;
    private readonly ILogger<ClosingService> _logger;

    public ClosingService(IWeirStore store, CatalogService catalogs, GroupCommit commits, TimeProvider time, ILogger<ClosingService> logger)
    {
        _store = store;
        _catalogs = catalogs;
        _commits = commits;
        _time = time;
        _logger = logger;
    }

    /// <summary>Between two attempts of a batch; it doubles with each.</summary>
    internal TimeSpan Pause { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The last time at or before now at which a run was due.</summary>
    public static Instant DueAt(Instant now)
    {
        LocalDate today = now.InUtc().Date;
        Instant due = today.AtMidnight().PlusHours(Hour).InUtc().ToInstant();
        return due <= now ? due : due - Duration.FromDays(1);
    }

    /// <summary>Closes the periods of every workspace.</summary>
    /// <param name="onlyIfDue">Not where today's run is done.</param>
    /// <returns>The outcome that asks most to come again.</returns>
    public async Task<ClosingOutcome> RunAllAsync(bool onlyIfDue, CancellationToken cancellationToken)
    {
        ClosingOutcome all = ClosingOutcome.Done;
        foreach (Workspace workspace in await _store.Workspaces.ListAsync(cancellationToken))
        {
            ClosingOutcome one = (await RunAsync(workspace, onlyIfDue, cancellationToken)).Outcome;
            all = one > all ? one : all;
        }

        return all;
    }

    /// <summary>Closes the periods of one workspace that closed since the last run that was done.</summary>
    /// <inheritdoc cref="RunAllAsync" path="/param"/>
    public async Task<ClosingRun> RunAsync(Workspace of, bool onlyIfDue, CancellationToken cancellationToken)
    {
        WorkspaceId workspace = of.Id;
        if (onlyIfDue && !IsDue(await _store.ScheduledJobs.FindAsync(workspace, Job, cancellationToken), Now))
        {
            return new ClosingRun(ClosingOutcome.NotDue, null);
        }

        if (await _store.ScheduledJobs.TakeAsync(workspace, Job, ScheduledJobLease.ThisProcess, s_lease, cancellationToken) is not { } lease)
        {
            return new ClosingRun(ClosingOutcome.Elsewhere, null);
        }

        Progress progress = new(lease.Through ?? of.CreatedAt - s_before, lease.TakenAt - Engine.Period.Grace);
        string? error = null;
        try
        {
            if (!await RunAsync(workspace, lease, progress, cancellationToken))
            {
                return new ClosingRun(ClosingOutcome.Elsewhere, null);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            error = exception is OperationCanceledException ? "The run was stopped." : exception.Message[..Math.Min(exception.Message.Length, LongestError)];
            if (exception is not OperationCanceledException)
            {
                Log.ClosingFailed(_logger, workspace.Value, exception);
            }
        }

        return await EndAsync(workspace, lease, progress, error);
    }

    public async ValueTask<ClosingReport> ReadAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        ScheduledJob? state = await _store.ScheduledJobs.FindAsync(workspace, Job, cancellationToken);
        Instant due = DueAt(Now);
        return new ClosingReport(state, due, state is not null && IsDue(state, Now) && Now > due + s_late, due + Duration.FromDays(1));
    }

    private Instant Now => Clock.Truncate(Instant.FromDateTimeOffset(_time.GetUtcNow()));

    private static bool IsDue(ScheduledJob? state, Instant now) => state?.Through is not { } through || through < DueAt(now) - Engine.Period.Grace;

    /// <summary>All accounts, a batch at a time; false when another has taken the job.</summary>
    private async Task<bool> RunAsync(WorkspaceId workspace, ScheduledJobLease lease, Progress progress, CancellationToken cancellationToken)
    {
        AccountKey? after = null;
        while (true)
        {
            IReadOnlyList<AccountRecord> page = await RetryAsync(
                () => _store.Accounts.ListAsync(workspace, new AccountFilter { After = after, Limit = AccountsAtATime }, cancellationToken), cancellationToken);
            if (page.Count > 0)
            {
                await CloseAsync(workspace, page, progress, cancellationToken);
                progress.Accounts += page.Count;
                after = page[^1].Profile.Key;
            }

            if (!await RetryAsync(() => _store.ScheduledJobs.KeepAsync(workspace, lease, s_lease, cancellationToken), cancellationToken))
            {
                return false;
            }

            if (page.Count < AccountsAtATime)
            {
                return true;
            }
        }
    }

    private async Task CloseAsync(WorkspaceId workspace, IReadOnlyList<AccountRecord> page, Progress progress, CancellationToken cancellationToken)
    {
        int version = await RetryAsync(() => _store.Catalogs.ActiveVersionAsync(workspace, cancellationToken), cancellationToken);
        CatalogBook book = await RetryAsync(() => _catalogs.BookAsync(workspace, version, page.Select(record => record.State.Account), cancellationToken), cancellationToken);
        HashSet<long> failed = [];
        for (Instant from = progress.From; from < progress.To; from += s_stretch)
        {
            Instant to = Instant.Min(from + s_stretch, progress.To);
            IReadOnlyList<(long Account, Balance Balance)> ended = await RetryAsync(
                () => _store.Periods.ReadEndedAsync(workspace, [.. page.Select(record => record.State.Account.Id)], from, to, cancellationToken), cancellationToken);
            ILookup<long, Balance> balances = ended.ToLookup(pair => pair.Account, pair => pair.Balance);
            List<ClosingSummary> summaries = [];
            foreach (AccountRecord record in page)
            {
                await AloneAsync(workspace, record, failed, async () =>
                    summaries.AddRange(await SummariesOfAsync(workspace, record.State, book, [.. balances[record.State.Account.Id]], from, to, cancellationToken)));
            }

            if (summaries.Count > 0)
            {
                progress.Written += await RetryAsync(() => _store.Periods.CloseAsync(workspace, summaries, Now, cancellationToken), cancellationToken);
            }
        }

        foreach (AccountRecord record in page)
        {
            await AloneAsync(workspace, record, failed, () => OpenAsync(workspace, record, book, cancellationToken));
        }

        progress.Failures += failed.Count;
    }

    /// <summary>One account that cannot be closed does not hold up the others; it is tried again with the next run.</summary>
    private async ValueTask AloneAsync(WorkspaceId workspace, AccountRecord record, HashSet<long> failed, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (exception is not (StoreUnavailableException or OverloadedException or OperationCanceledException or OutOfMemoryException))
        {
            failed.Add(record.State.Account.Id);
            Log.ClosingOfAccountFailed(_logger, workspace.Value, record.State.Account.Id, exception);
        }
    }

    private async ValueTask<IReadOnlyList<ClosingSummary>> SummariesOfAsync(
        WorkspaceId workspace, AccountState state, CatalogBook book, IReadOnlyList<Balance> ended, Instant from, Instant to, CancellationToken cancellationToken)
    {
        Balance[] final = [.. ended.Where(balance => Closing.IsFinal(state.Account, balance.PeriodEnd))];
        IReadOnlyDictionary<BalanceKey, LastMove> moves = final.Length == 0
            ? System.Collections.Immutable.ImmutableDictionary<BalanceKey, LastMove>.Empty
            : await RetryAsync(() => _store.Periods.ReadLastMovesAsync(workspace, state.Account.Id, final, cancellationToken), cancellationToken);
        return Closing.Of(state, book, final, moves, from, to);
    }

    /// <summary>The first command of a new period opens it, and what is left rolls over (GRANT-3); for an account that nobody uses, this is it.</summary>
    private async Task OpenAsync(WorkspaceId workspace, AccountRecord record, CatalogBook book, CancellationToken cancellationToken)
    {
        if (Opening.KeysOf(record.State, book, Instant.Max(Now, record.State.Account.DecidedAt)).Count > 0)
        {
            await RetryAsync(
                async () => await _commits.SubmitAsync(
                    new ChangeAccountCommand
                    {
                        Workspace = workspace, Account = record.Profile.Key, IdText = record.Profile.Key.Value, Change = new AccountChange(), Create = false,
                        Actor = AuditActor.OfHost(Job),
                    },
                    cancellationToken),
                cancellationToken);
        }
    }

    private async Task<ClosingRun> EndAsync(WorkspaceId workspace, ScheduledJobLease lease, Progress progress, string? error)
    {
        error ??= progress.Failures == 0 ? null : $"{progress.Failures} accounts could not be closed; the next run does them again.";
        ScheduledJobResult result = new()
        {
            Through = error is null ? progress.To : null, Accounts = progress.Accounts, Written = progress.Written, Failures = progress.Failures, Error = error,
        };
        bool didSomething = progress.Written > 0 || error is not null;
        AuditEntry audit = new(AuditActor.OfHost(Job), AuditActions.PeriodsClosed, new AuditTarget("job", Job))
        {
            After = new JsonObject
            {
                ["through"] = InstantPattern.ExtendedIso.Format(progress.To), ["accounts"] = progress.Accounts, ["summaries"] = progress.Written, ["failures"] = progress.Failures,
            },
        };
        // Also when the host stops: another node may go on at once.
        bool held = await RetryAsync(
            () => _store.ScheduledJobs.EndAsync(workspace, lease, result, didSomething ? audit : null, NotificationsOf(lease, result), CancellationToken.None), CancellationToken.None);
        ClosingOutcome outcome = !held ? ClosingOutcome.Elsewhere : error is null ? ClosingOutcome.Done : ClosingOutcome.Failed;
        Log.ClosingEnded(_logger, workspace.Value, outcome, progress.Accounts, progress.Written, progress.Failures);
        return new ClosingRun(outcome, result);
    }

    /// <summary>Tells of a run that failed, and of one that came long after it was due; once for each day on which it was due.</summary>
    private static IReadOnlyList<Notification> NotificationsOf(ScheduledJobLease lease, ScheduledJobResult result)
    {
        Instant due = DueAt(lease.TakenAt);
        bool isLate = lease.Through is { } through && (through < due - Duration.FromDays(1) - Engine.Period.Grace || (through < due - Engine.Period.Grace && lease.TakenAt > due + s_late));
        if (result.Error is null && !isLate)
        {
            return [];
        }

        string what = result.Error is null ? "late" : "failed";
        JsonObject data = new()
        {
            ["job"] = Job, ["status"] = what, ["dueAt"] = InstantPattern.ExtendedIso.Format(due), ["startedAt"] = InstantPattern.ExtendedIso.Format(lease.TakenAt),
            ["failures"] = result.Failures,
        };
        return
        [
            new Notification
            {
                Id = $"msg_{Job}_{what}_{LocalDatePattern.CreateWithInvariantCulture("uuuuMMdd").Format(due.InUtc().Date)}",
                Type = NotificationTypes.ScheduleLate,
                At = lease.TakenAt,
                Data = System.Text.Encoding.UTF8.GetBytes(data.ToJsonString()),
            },
        ];
    }

    private async Task<T> RetryAsync<T>(Func<ValueTask<T>> work, CancellationToken cancellationToken)
    {
        TimeSpan pause = Pause;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await work();
            }
            catch (Exception exception) when (exception is StoreUnavailableException or OverloadedException && attempt < MostAttempts)
            {
                Log.ClosingWaits(_logger, pause, exception.Message);
                await Task.Delay(pause, _time, cancellationToken);
                pause *= 2;
            }
        }
    }

    /// <summary>How far a run has come.</summary>
    private sealed class Progress(Instant from, Instant to)
    {
        public Instant From => from;

        public Instant To => to;

        public long Accounts { get; set; }

        public long Written { get; set; }

        public long Failures { get; set; }
    }
}
