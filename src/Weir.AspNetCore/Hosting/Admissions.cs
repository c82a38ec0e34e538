using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What became of an admission: a call that may run, a denial of the plan, or a problem of the request or of Weir.</summary>
internal sealed record Admitted(MeteredCall? Call, DeniedCall? Denied, Problem? Problem);

/// <summary>Decides a call before its handler runs.</summary>
internal sealed class Admissions(
    WeirHostOptions options, StoreLifetime lifetime, AdmissionService admission, HeldCalls held, IWeirStore store, UsageRecorder recorder, TimeProvider time, ILogger<Admissions> logger)
{
    /// <summary>How often one Idempotency-Key may stand for a new attempt after attempts that failed.</summary>
    private const int MostAttempts = 20;

    public async Task<Admitted> AdmitAsync(HttpContext context, UsageRequirement requirement, UsageEvent e)
    {
        string? key;
        try
        {
            key = requirement.Options.IdempotencyKeys ?? options.IdempotencyKeys ? await RequestKey.OfAsync(context, e, options.LargestBody) : null;
        }
        catch (ProblemException exception)
        {
            return new Admitted(null, null, exception.Problem);
        }

        MeteredCall call = new(requirement, e) { IsKeyed = key is not null };
        for (int attempt = 1; attempt <= MostAttempts; attempt++)
        {
            call.Event = e with { Id = key is null ? Engine.EventId.Parse(AdmissionService.OwnId()) : RequestKey.Attempt(key, attempt) };
            try
            {
                // The client's going away must not leave a charge behind that nobody settles: only the time-out ends the waiting.
                Outcome outcome = requirement.Hold is { } hold
                    ? await held.ReserveAsync(call.Event, hold, context.RequestAborted).WaitAsync(options.AdmissionTimeout + hold.Wait)
                    : await admission.ConsumeAsync(lifetime.Default.Id, call.Event, requirement.Options.Mode, CancellationToken.None).WaitAsync(options.AdmissionTimeout);
                if (outcome.Failure is { } failure)
                {
                    return new Admitted(null, null, ProblemOf(failure, requirement));
                }

                if (!outcome.Allowed)
                {
                    return new Admitted(null, new DeniedCall(context, e, outcome, time.GetUtcNow()), null);
                }

                if (!outcome.Replayed || !await HasFailedAsync(call.Event.Id.Value))
                {
                    call.Decision = outcome;
                    return new Admitted(call, null, null);
                }
            }
            catch (Exception exception) when (exception is OverloadedException or StoreUnavailableException or TimeoutException)
            {
                return Outage(call, exception);
            }
        }

        return new Admitted(null, null, new Problem(
            StatusCodes.Status409Conflict, "too_many_attempts", "Too many attempts under one key",
            $"{MostAttempts} attempts under this Idempotency-Key have failed; send a new key."));
    }

    /// <summary>A first attempt that failed was charged nothing, so the repeat is a call of its own.</summary>
    private async ValueTask<bool> HasFailedAsync(Engine.EventId id) =>
        (await store.Ledger.FindAsync(lifetime.Default.Id, id, CancellationToken.None))?.Completion?.Entry is { } end
        && (end.Flags.HasFlag(EntryFlags.Failed) || end.Kind is EntryKind.Release or EntryKind.Expiry);

    private Admitted Outage(MeteredCall call, Exception exception)
    {
        if (exception is not OverloadedException)
        {
            // Whether it was charged is unknown: if it was, it is taken back, for its handler does not run under this decision.
            if (call.Requirement.Hold is not null)
            {
                held.Release(call.Event.Id!.Value, new EventDetails { Status = StatusCodes.Status503ServiceUnavailable.ToString() });
            }
            else
            {
                recorder.TryComplete(lifetime.Default.Id, new CallCompletion
                {
                    Event = call.Event.Id!.Value,
                    Account = call.Account,
                    Failed = true,
                    Details = new EventDetails { Status = StatusCodes.Status503ServiceUnavailable.ToString() },
                });
            }
        }

        Log.AdmissionOutage(logger, call.EventType, exception);
        if ((call.Requirement.Options.Outage ?? options.Outage) == OutagePolicy.AllowAndRecord)
        {
            call.Event = call.Event with { Id = Engine.EventId.Parse(AdmissionService.OwnId()) };
            return new Admitted(call, null, null);
        }

        return new Admitted(null, null, new Problem(
            StatusCodes.Status503ServiceUnavailable, exception is OverloadedException ? "overloaded" : "store_unavailable", "Usage cannot be checked now",
            "The call was not made and nothing was charged; come again in a moment.") { RetryAfter = 1 });
    }

    /// <summary>An event type that the catalog lacks is no fault of the caller's.</summary>
    private static Problem ProblemOf(Failure failure, UsageRequirement requirement) => failure.Refusal is Refusal.UnknownEventType or Refusal.EventTypeRetired
        ? new Problem(StatusCodes.Status503ServiceUnavailable, failure.Refusal.Code(), "This call is not set up", $"The catalog does not offer '{requirement.EventType}'.")
        : Problem.Of(failure);
}
