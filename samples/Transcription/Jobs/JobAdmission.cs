using NodaTime;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Transcription;

/// <param name="Refused">The answer to a call that may not go on, or null.</param>
internal sealed record JobCheck(CheckAnswer Answer, IResult? Refused);

/// <summary>Why a job does not get its turn.</summary>
internal sealed record JobDenial(string Code, string Reason, string? Upgrade);

/// <summary>What a job was charged.</summary>
/// <param name="Cost">What it cost the service, in the catalog's currency.</param>
internal sealed record JobCharge(decimal Credits, decimal Cost);

/// <summary>
/// Everything that jobs want of Weir. A job's turn is a reservation: a slot, and the credits and the cost of its measured length, held while
/// it runs. Its holder says that it lives; when it falls silent, the slot is free after <see cref="JobOptions.Hold"/>. The reservation ends with
/// what the job really was, or is given back. Each attempt has a reservation of its own, and only the one that is committed charges.
/// </summary>
internal sealed class JobAdmission(
    IUsage usage, ReservationService reservations, StoreLifetime lifetime, ITranscriber transcriber, JobOptions options, TimeProvider time)
{
    private const string EventType = "transcription";
    private const string Seconds = "duration_seconds";

    /// <summary>What a minute costs the service: 0.006, which is 0.0001 a second.</summary>
    private const decimal CostPerMinute = 0.006m;

    private static readonly Duration s_wait = Duration.FromMinutes(5);
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_rateAgain = TimeSpan.FromSeconds(5);

    /// <summary>Whether Weir could not answer, as opposed to having said no.</summary>
    public static bool IsOutage(Exception exception) => exception is OverloadedException or StoreUnavailableException;

    /// <summary>Whether a file could be taken now. Slots do not refuse: without a free one the job waits.</summary>
    public async ValueTask<JobCheck> CheckAsync(string user, decimal seconds, long bytes, CancellationToken cancellationToken)
    {
        UsageEvent e = EventOf(user, seconds, bytes);
        Outcome outcome = (await usage.CheckAsync(e, cancellationToken)).Outcome;
        AccountUsage account = await usage.CurrentAsync(e.Account, cancellationToken) ?? throw new InvalidOperationException("The accounts of all users are made at the start.");
        UsageLine credits = PlanViews.CreditsOf(account);
        JobsView jobs = JobsOf(account);
        CheckAnswer answer = new(
            outcome.Allowed,
            outcome.Allowed ? null : outcome.Refusal.Code(),
            outcome.Allowed ? null : Denials.Sentence(outcome, account),
            Math.Round(seconds / 60, credits.Limit.Meter.Scale, MidpointRounding.AwayFromZero),
            credits.Remaining?.ToDecimal(credits.Limit.Meter.Scale),
            PlanViews.LargestFile(account.Plan),
            jobs.Running + jobs.Waiting >= jobs.Limit,
            UpgradeOf(outcome, account));
        return new JobCheck(answer, outcome.Allowed ? null : WeirResults.Refused(e, outcome));
    }

    /// <summary>Waits until the job may run, however long that is; null when it may, else why it never will.</summary>
    public async Task<JobDenial?> WaitAsync(Job job, CancellationToken cancellationToken)
    {
        ReservationRequest request = new() { Event = EventOf(job, JobEndpoints.Seconds(job.Duration)), Ttl = Duration.FromTimeSpan(options.Hold), Wait = s_wait };
        while (true)
        {
            Outcome outcome;
            try
            {
                outcome = await reservations.ReserveAsync(lifetime.Default.Id, request, cancellationToken);
            }
            catch (Exception exception) when (IsOutage(exception))
            {
                await Task.Delay(s_again, cancellationToken);
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (outcome.Allowed)
            {
                return null;
            }

            // No slot came free in time: the same id keeps its place. A rate has room again within the hour.
            if (outcome.Refusal == Refusal.RateLimited)
            {
                await Task.Delay(s_rateAgain, cancellationToken);
            }
            else if (outcome.Refusal != Refusal.NoSlot)
            {
                AccountUsage? account = await usage.CurrentAsync(new AccountKey(job.User), cancellationToken);
                return new JobDenial(outcome.Refusal.Code(), Denials.Sentence(outcome, account!), UpgradeOf(outcome, account!)?.Message);
            }
        }
    }

    /// <summary>Says that a running job lives; false when its slot is lost.</summary>
    public async Task<bool> KeepAsync(Job job, double progress, CancellationToken cancellationToken)
    {
        try
        {
            Outcome outcome = await reservations.ExtendAsync(
                lifetime.Default.Id, IdOf(job), Duration.FromTimeSpan(options.Hold), null, Math.Round((decimal)Math.Clamp(progress, 0, 1), 3), cancellationToken);
            return outcome.Failure is null;
        }
        catch (Exception exception) when (IsOutage(exception))
        {
            return true;
        }
    }

    /// <summary>Ends the reservation with what the job was. Asked again, the answer is the same and nothing is charged twice.</summary>
    public async Task<JobCharge> CommitAsync(Job job, Transcript transcript)
    {
        decimal seconds = JobEndpoints.Seconds(transcript.Duration);
        UsageEvent e = EventOf(job, seconds);
        if (transcript.Tokens is { } tokens)
        {
            e = e.With("tokens", tokens);
        }

        EventDetails details = EventDetails.Empty with { Status = "completed" };
        // The work is done: a little more than was measured before is recorded, never refused.
        Outcome outcome = await reservations.CommitAsync(
            lifetime.Default.Id, IdOf(job), new ReservationEnd { Properties = e.Properties, Cost = e.Cost, Overrun = Overrun.Record, Details = details }, CancellationToken.None);
        if (!outcome.Allowed)
        {
            // Its reservation was ended from outside. What was used is used.
            outcome = await usage.RecordAsync(e with { Id = Weir.Engine.EventId.Parse(IdOf(job) + "-after"), Details = e.Details with { Status = "completed" } }, CancellationToken.None);
        }

        Charge? credits = outcome.Entry?.Charges.FirstOrDefault(charge => charge.Meter == PlanViews.Credits);
        return new JobCharge(credits?.Amount.ToDecimal(credits.Scale) ?? 0, e.Cost!.Amount);
    }

    /// <summary>Gives back what a job holds, or its place in the queue. Should that fail, what it holds ends by itself.</summary>
    public async Task ReleaseAsync(Job job, string reason)
    {
        if (job.Attempt == 0)
        {
            return;
        }

        try
        {
            await reservations.ReleaseAsync(lifetime.Default.Id, IdOf(job), null, reason, CancellationToken.None);
        }
        catch (Exception exception) when (IsOutage(exception))
        {
            // The hold is short.
        }
    }

    /// <summary>The same for a job that failed: it stays in the log with its status and no charge, so that the operator sees how many do.</summary>
    public async Task FailAsync(Job job, string status)
    {
        await ReleaseAsync(job, status);
        UsageEvent e = EventOf(job, JobEndpoints.Seconds(job.Duration));
        usage.TryRecord(e with { Id = null, Failed = true, Cost = null, Details = e.Details with { Status = status } });
    }

    /// <summary>Places in the queue of a user's jobs that wait, from 1, by <see cref="IdOf"/>.</summary>
    public async Task<IReadOnlyDictionary<string, int>> PlacesOfAsync(string user, CancellationToken cancellationToken) =>
        (await reservations.ReadWaitingAsync(lifetime.Default.Id, new WaiterFilter { Accounts = [new AccountKey(user)] }, cancellationToken)).ToDictionary(waiter => waiter.Reservation, waiter => waiter.Position, StringComparer.Ordinal);

    /// <summary>The id of the reservation of a job's current attempt.</summary>
    public static Weir.Engine.EventId IdOf(Job job) => new($"job-{job.Id}-{job.Attempt}");

    /// <summary>How many of the account's jobs run and wait.</summary>
    public static JobsView JobsOf(AccountUsage account) =>
        account.Slots.FirstOrDefault(slot => slot.Kind == PlanViews.Slot) is { } slot ? new JobsView(slot.Used, slot.Waiting, slot.Limit) : new JobsView(0, 0, 0);

    private UsageEvent EventOf(Job job, decimal seconds)
    {
        UsageEvent e = EventOf(job.User, seconds, job.Bytes).With("format", job.Format);
        return (job.Language is { } language ? e.With("language", language) : e) with
        {
            Id = IdOf(job),
            Details = e.Details with
            {
                Resource = job.Id,
                Provider = transcriber.Provider,
                Model = transcriber.Model,
                LatencyMs = job.StartedAt is { } started ? (long)Math.Max(0, (time.GetUtcNow() - started).TotalMilliseconds) : null,
            },
        };
    }

    private static UsageEvent EventOf(string user, decimal seconds, long bytes) =>
        UsageEvent.Of(user, EventType).By(user).With(Seconds, seconds).With(PlanViews.FileSize, bytes) with { Cost = new GivenCost(Decimals.Normalize(seconds * (CostPerMinute / 60)), "USD") };

    private static UpgradeView? UpgradeOf(Outcome outcome, AccountUsage account) => outcome.Advice is { } advice ? PlanViews.UpgradeTo(advice.Plan, account.Catalog) : null;
}

/// <summary>What the plan refuses, in the words of this service.</summary>
internal static class Denials
{
    public static string Sentence(Outcome outcome, AccountUsage account) =>
        outcome.Failure?.Message ?? string.Join(' ', outcome.Violations.Select(violation => Sentence(violation, account)).Distinct(StringComparer.Ordinal));

    private static string Sentence(Violation v, AccountUsage account) => v.Reason switch
    {
        Refusal.AccountSuspended => "Your account is suspended.",
        Refusal.RequestLimitExceeded when v is { RequestLimit: { } limit, RequestValue: { } value } =>
            $"{account.Plan.Name} takes files up to {PlanViews.Size((long)limit)}; this one has {PlanViews.Size((long)value)}.",
        Refusal.RateLimited => $"You have made {Amount(v.Limit, v)} calls within the hour; come again a little later.",
        Refusal.LimitExceeded when v.Meter == PlanViews.Credits => $"This needs {Amount(v.Requested, v)} minutes; {Amount(v.Remaining, v)} of {Amount(v.Limit, v)} are left.",
        Refusal.LimitExceeded when v.Meter == Meter.CostKey => "The service has used up what it may spend today; come again tomorrow.",
        _ => $"The plan does not allow this ({v.Reason.Code()}).",
    };

    private static string Amount(Quantity? quantity, Violation v) => Decimals.Normalize(quantity?.ToDecimal(v.Scale) ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
