using System.Collections.Concurrent;

namespace Transcription;

/// <summary>A job that this process works on.</summary>
internal sealed class LiveJob : IDisposable
{
    private long _progress;
    private int _end;

    public CancellationTokenSource Ending { get; } = new();

    /// <summary>Ends the watch over a job, whatever became of it.</summary>
    public CancellationTokenSource Watching { get; } = new();

    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>The done part, 0 to 1.</summary>
    public double Progress
    {
        get => BitConverter.Int64BitsToDouble(Interlocked.Read(ref _progress));
        set => Interlocked.Exchange(ref _progress, BitConverter.DoubleToInt64Bits(value));
    }

    /// <summary>Why it is to end; the first reason stands.</summary>
    public JobEnd End => (JobEnd)Volatile.Read(ref _end);

    public void Stop(JobEnd end)
    {
        Interlocked.CompareExchange(ref _end, (int)end, (int)JobEnd.None);
        try
        {
            Ending.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It is over already.
        }
    }

    public void Dispose()
    {
        Ending.Dispose();
        Watching.Dispose();
    }
}

internal enum JobEnd
{
    None,
    Canceled,
    Stuck,

    /// <summary>Its slot was lost: it was paused for longer than the hold.</summary>
    Lost,

    HostStops,
}

/// <summary>
/// Runs the jobs: each waits for its turn, holds a slot and its credits while it runs, and is charged what it really was. A job ends once:
/// completed, failed, refused or canceled; one whose process ended under it waits again.
/// </summary>
internal sealed partial class JobRunner(
    JobStore store, JobAdmission admission, ITranscriber transcriber, JobOptions options, TimeProvider time, ILogger<JobRunner> logger) : BackgroundService
{
    private static readonly TimeSpan s_settleAgain = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, LiveJob> _live = new(StringComparer.Ordinal);
    private volatile bool _stopping;

    /// <summary>The job as this process works on it, or null.</summary>
    public LiveJob? Find(string id) => _live.GetValueOrDefault(id);

    /// <summary>Takes a job that stands in the store.</summary>
    public void Submit(Job job)
    {
        LiveJob live = new();
        if (_stopping || !_live.TryAdd(job.Id, live))
        {
            live.Dispose();
            return;
        }

        live.Work = Task.Run(() => RunAsync(job.Id, live), CancellationToken.None);
    }

    /// <summary>Takes back a job that is not over; false when there is none any more.</summary>
    public async Task<bool> CancelAsync(string id)
    {
        if (_live.TryGetValue(id, out LiveJob? live))
        {
            live.Stop(JobEnd.Canceled);
            await live.Work;
        }

        return store.Find(id)?.State == JobState.Canceled;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(options.Housekeeping);
        do
        {
            try
            {
                await KeepHouseAsync();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
            {
                LogHousekeeping(logger, exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>What runs gives its slot back and waits again for the next start.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        await base.StopAsync(cancellationToken);
        Task[] work = [.. _live.Values.Select(live => live.Work)];
        foreach (LiveJob live in _live.Values)
        {
            live.Stop(JobEnd.HostStops);
        }

        await Task.WhenAll(work).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Finds jobs that nobody works on, and cleans up after those that are over.</summary>
    internal async Task KeepHouseAsync()
    {
        HashSet<string> files = new(StringComparer.Ordinal);
        foreach (Job job in store.Open())
        {
            files.Add(job.Path);
            if (!_live.ContainsKey(job.Id))
            {
                await RecoverAsync(job);
            }
        }

        while (store.RemoveOver(time.GetUtcNow() - options.KeepFor) > 0)
        {
            // There may be more.
        }

        // Uploads whose request ended before they became jobs, and pieces of jobs whose process ended.
        DateTime old = DateTime.UtcNow - TimeSpan.FromDays(1);
        foreach (string file in Directory.EnumerateFiles(store.Uploads))
        {
            if (!files.Contains(file) && File.GetLastWriteTimeUtc(file) < old)
            {
                File.Delete(file);
            }
        }
    }

    private async Task RecoverAsync(Job job)
    {
        if (job.State == JobState.Running)
        {
            if (job.Attempt >= options.MostAttempts)
            {
                await GiveUpAsync(job);
                File.Delete(job.Path);
                return;
            }

            // What its process held ends by itself; given back now, the slot is free at once.
            await admission.ReleaseAsync(job, "interrupted");
            store.Requeue(job.Id);
            LogRecovered(logger, job.Id, job.Attempt);
        }

        Submit(job);
    }

    private async Task RunAsync(string id, LiveJob live)
    {
        Job? job = null;
        try
        {
            job = store.Find(id) is { State: JobState.Settling } settling ? settling : store.Begin(id);
            if (job is null)
            {
                return;
            }

            if (job.State != JobState.Settling)
            {
                job = await TranscribeAsync(job, live);
            }

            if (job is not null)
            {
                await SettleAsync(job, live);
            }
        }
        catch (OperationCanceledException) when (live.Ending.IsCancellationRequested)
        {
            await EndAsync(job!, live.End);
        }
        catch (Exception exception) when (exception is TranscriberException or MediaException)
        {
            LogFailed(logger, id, exception.Message);
            await FailAsync(job!, "transcription_failed", exception.Message);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogFault(logger, id, exception);
            await FailAsync(job, "internal_error", "Something went wrong here. Nothing was charged; send the file again.");
        }
        finally
        {
            _live.TryRemove(id, out _);
            live.Dispose();
            if (job is not null && store.Find(id) is not { IsOver: false })
            {
                File.Delete(job.Path);
            }
        }
    }

    /// <summary>Waits for a turn and works; null when it ended without a transcript.</summary>
    private async Task<Job?> TranscribeAsync(Job job, LiveJob live)
    {
        if (await admission.WaitAsync(job, live.Ending.Token) is { } denied)
        {
            store.End(job.Id, JobState.Refused, denied.Code, denied.Reason, denied.Upgrade);
            return null;
        }

        if (!store.Start(job.Id))
        {
            await admission.ReleaseAsync(job, "canceled");
            return null;
        }

        Task watch = WatchAsync(job, live);
        try
        {
            Transcript transcript = await transcriber.TranscribeAsync(
                new TranscriptionRequest(job.Path, job.Duration, job.Language), new Told(live), live.Ending.Token);
            if (store.Settle(job.Id, transcript))
            {
                return store.Find(job.Id);
            }
        }
        finally
        {
            live.Watching.Cancel();
            await watch;
        }

        await admission.ReleaseAsync(job, "canceled");
        return null;
    }

    /// <summary>While a job runs: keeps its slot, and looks whether it gets on.</summary>
    private async Task WatchAsync(Job job, LiveJob live)
    {
        TimeSpan beat = options.Hold / 3;
        TimeSpan step = beat < options.StuckAfter / 4 ? beat : options.StuckAfter / 4;
        long kept = time.GetTimestamp();
        long moved = kept;
        double progress = -1;
        using PeriodicTimer timer = new(step);
        try
        {
            while (await timer.WaitForNextTickAsync(live.Watching.Token))
            {
                if (live.Progress > progress)
                {
                    progress = live.Progress;
                    moved = time.GetTimestamp();
                }
                else if (time.GetElapsedTime(moved) > options.StuckAfter)
                {
                    live.Stop(JobEnd.Stuck);
                    return;
                }

                if (time.GetElapsedTime(kept) >= beat)
                {
                    kept = time.GetTimestamp();
                    store.Beat(job.Id);
                    if (!await admission.KeepAsync(job, live.Progress, live.Watching.Token))
                    {
                        live.Stop(JobEnd.Lost);
                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The job is over.
        }
    }

    /// <summary>Writes down what was used, until it stands there: the transcript is stored already.</summary>
    private async Task SettleAsync(Job job, LiveJob live)
    {
        while (true)
        {
            try
            {
                JobCharge charge = await admission.CommitAsync(job, job.Transcript!);
                store.Complete(job.Id, charge.Credits, charge.Cost);
                return;
            }
            catch (Exception exception) when (JobAdmission.IsOutage(exception))
            {
                LogSettling(logger, job.Id, exception);
                if (live.End == JobEnd.HostStops)
                {
                    return;
                }

                await Task.Delay(s_settleAgain);
            }
        }
    }

    private async Task EndAsync(Job job, JobEnd end)
    {
        switch (end)
        {
            case JobEnd.Canceled:
                await admission.ReleaseAsync(job, "canceled");
                store.End(job.Id, JobState.Canceled, null, null);
                break;
            case JobEnd.Stuck:
                await FailAsync(job, "stuck", $"It made no progress for {options.StuckAfter.TotalMinutes:0.#} minutes and was ended. Nothing was charged.");
                break;
            case JobEnd.Lost when job.Attempt >= options.MostAttempts:
                await GiveUpAsync(job);
                break;
            default:
                await admission.ReleaseAsync(job, "interrupted");
                store.Requeue(job.Id);
                break;
        }
    }

    private Task GiveUpAsync(Job job) => FailAsync(job, "gave_up", $"It was begun {job.Attempt} times and never came to its end. Nothing was charged.");

    private async Task FailAsync(Job? job, string code, string reason)
    {
        if (job is not null)
        {
            await admission.FailAsync(job, code);
            store.End(job.Id, JobState.Failed, code, reason);
        }
    }

    /// <summary>Progress is told from the transcriber's own threads, in order.</summary>
    private sealed class Told(LiveJob live) : IProgress<double>
    {
        public void Report(double value) => live.Progress = value;
    }

    [LoggerMessage(1, LogLevel.Warning, "Job {Job} was found without a process after attempt {Attempt}; it waits again")]
    private static partial void LogRecovered(ILogger logger, string job, int attempt);

    [LoggerMessage(2, LogLevel.Warning, "Job {Job} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string job, string reason);

    [LoggerMessage(3, LogLevel.Error, "Job {Job} ended by a fault")]
    private static partial void LogFault(ILogger logger, string job, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "What job {Job} used cannot be written down now; it is tried again")]
    private static partial void LogSettling(ILogger logger, string job, Exception exception);

    [LoggerMessage(5, LogLevel.Error, "The jobs could not be looked after; it is tried again")]
    private static partial void LogHousekeeping(ILogger logger, Exception exception);
}
