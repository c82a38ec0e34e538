using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Quartz;
using Quartz.Extensibility;

namespace Weir;

/// <summary>
/// Runs the closing of periods every day at 02:00 UTC, and then retention; soon after the start when a run was missed. Where one failed, or
/// another node had it, it looks again until the day's run is done. The scheduler is Weir's own: a host's stays as it is.
/// </summary>
public sealed class ClosingSchedule : IHostedLifecycleService, IAsyncDisposable
{
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(10);
    private static readonly JobKey s_job = new(ClosingService.Job);
    private static readonly TriggerKey s_soon = new("soon");

    private readonly ClosingService _closing;
    private readonly RetentionService _retention;
    private readonly WeirOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ClosingSchedule> _logger;
    private StandaloneSchedulerFactory? _factory;
    private IScheduler? _scheduler;

    public ClosingSchedule(ClosingService closing, RetentionService retention, WeirOptions options, TimeProvider time, ILogger<ClosingSchedule> logger)
    {
        _closing = closing;
        _retention = retention;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>How soon after the start a missed run is made up for.</summary>
    internal TimeSpan AfterStart { get; init; } = TimeSpan.FromSeconds(30);

    internal bool IsRunning => _scheduler is not null;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After the first request can be served: the schedule makes nobody wait.</summary>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        if (_options.Closing)
        {
            await StartSchedulerAsync(cancellationToken);
        }
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_scheduler is { } scheduler)
        {
            // A run that is under way is told to stop, and frees the job.
            await scheduler.Interrupt(s_job, cancellationToken);
            await scheduler.Shutdown(waitForJobsToComplete: true, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_factory is { } factory)
        {
            await factory.DisposeAsync();
        }
    }

    /// <summary>At 02:00 UTC, whatever the zone of the machine.</summary>
    internal static ITrigger Daily(TimeProvider time) => TriggerBuilder.Create(time).ForJob(s_job).WithIdentity("daily")
        .WithSchedule(CronScheduleBuilder.Create($"0 0 {ClosingService.Hour} * * ?").InTimeZone(TimeZoneInfo.Utc))
        .Build();

    private async Task StartSchedulerAsync(CancellationToken cancellationToken)
    {
        _factory = QuartzSchedulerBuilder.Create(quartz => quartz
            .UseTimeProvider(_time)
            .UseDefaultThreadPool(1)
            .UseJobFactory(new ClosingJobFactory(this)))
            .Build();
        _scheduler = await _factory.GetScheduler(cancellationToken);
        IJobDetail job = JobBuilder.Create<ClosingJob>().WithIdentity(s_job).DisallowConcurrentExecution().Build();
        await _scheduler.ScheduleJob(job, [Daily(_time), Soon(AfterStart)], cancellationToken: cancellationToken);
        await _scheduler.Start(cancellationToken);
    }

    private ITrigger Soon(TimeSpan after) => TriggerBuilder.Create(_time).ForJob(s_job).WithIdentity(s_soon).StartAt(_time.GetUtcNow() + after).Build();

    private async Task RunAsync(IScheduler scheduler, CancellationToken cancellationToken)
    {
        ClosingOutcome outcome = ClosingOutcome.Failed;
        bool retained = false;
        try
        {
            outcome = await _closing.RunAllAsync(onlyIfDue: true, cancellationToken);
            retained = await _retention.RunAllAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            Log.ClosingScheduleFault(_logger, exception);
        }

        if ((!retained || outcome is ClosingOutcome.Failed or ClosingOutcome.Elsewhere) && !cancellationToken.IsCancellationRequested)
        {
            await scheduler.ScheduleTrigger(Soon(s_again), TriggerConflict.Replace, cancellationToken);
        }
    }

    private sealed class ClosingJob(ClosingSchedule schedule) : IJob
    {
        public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
            await schedule.RunAsync(context.Scheduler, cancellationToken);
    }

    private sealed class ClosingJobFactory(ClosingSchedule schedule) : IJobFactory
    {
        public ValueTask<JobScope> CreateJob(TriggerFiredBundle bundle, IScheduler scheduler, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new JobScope(new ClosingJob(schedule), null));

        public ValueTask ReturnJob(JobScope scope, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
