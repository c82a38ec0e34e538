using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Calls that hold what they are expected to use until their handlers have ended.</summary>
internal sealed class HeldCalls(StoreLifetime lifetime, ReservationService reservations, UsageRecorder recorder, TimeProvider time)
{
    public Task<Outcome> ReserveAsync(UsageEvent e, HoldOptions hold, CancellationToken cancellationToken) => reservations.ReserveAsync(
        lifetime.Default.Id,
        new ReservationRequest { Event = e, Ttl = Duration.FromTimeSpan(hold.Ttl), Wait = Duration.FromTimeSpan(hold.Wait), Priority = hold.Priority },
        hold.Wait > TimeSpan.Zero ? cancellationToken : CancellationToken.None);

    /// <summary>Lets a call hold as long as its handler runs.</summary>
    public void Begin(MeteredCall call)
    {
        if (call is { Requirement.Hold: { } hold, Decision: not null })
        {
            call.Alive = new CancellationTokenSource();
            _ = ExtendAsync(call.Event.Id!.Value, hold, call.Alive.Token);
        }
    }

    /// <summary>Hands the end over to the recorder: nobody waits for it, and it survives the client's going away.</summary>
    public void End(MeteredCall call, bool failed, EventDetails details)
    {
        call.Alive?.Cancel();
        EventId id = call.Event.Id!.Value;
        if (failed)
        {
            Release(id, details);
            return;
        }

        ReservationEnd end = new()
        {
            Properties = call.Properties.Entries.IsEmpty ? null : call.Properties,
            Cost = call.Cost,
            Overrun = call.Requirement.Hold!.Overrun,
            Details = details,
        };
        recorder.TrySettle(() => reservations.CommitAsync(lifetime.Default.Id, id, end, CancellationToken.None));
    }

    /// <summary>Returns what is held, where anything is.</summary>
    public void Release(EventId id, EventDetails details) => recorder.TrySettle(async () =>
    {
        Outcome outcome = await reservations.ReleaseAsync(lifetime.Default.Id, id, null, null, details, CancellationToken.None);
        // Its own commit may have been unknown and not have happened; what has expired has returned.
        return outcome.Refusal is Refusal.ReservationNotFound or Refusal.ReservationEnded ? outcome with { Refusal = Refusal.None, Failure = null } : outcome;
    });

    private async Task ExtendAsync(EventId id, HoldOptions hold, CancellationToken ended)
    {
        using PeriodicTimer timer = new(hold.Ttl / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ended))
            {
                try
                {
                    Outcome outcome = await reservations.ExtendAsync(lifetime.Default.Id, id, Duration.FromTimeSpan(hold.Ttl), null, null, ended);
                    if (outcome.Failure is not null)
                    {
                        // It has expired, perhaps in an outage: its end is recorded late.
                        return;
                    }
                }
                catch (Exception exception) when (exception is StoreUnavailableException or OverloadedException)
                {
                    // The next sign of life may get through in time.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The handler has ended.
        }
    }
}
