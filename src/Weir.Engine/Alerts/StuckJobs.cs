using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine;

/// <summary>
/// Jobs that hold a slot and are not heard of. An alert says so once for each reservation, while there is still time to look; the slot
/// itself comes back when the reservation expires.
/// </summary>
public static class StuckJobs
{
    /// <summary>No job is stuck that was heard of within this time.</summary>
    public static readonly Duration ShortestSilence = Duration.FromSeconds(60);

    /// <summary>
    /// When a reservation counts as stuck unless its holder is heard of: after half the time that it then had to run, at least a minute.
    /// Null without a slot, when it expires before that, and when it has been found stuck before.
    /// </summary>
    public static Instant? FallsSilentAt(Hold hold)
    {
        ArgumentNullException.ThrowIfNull(hold);
        Instant silent = hold.HeartbeatAt + Duration.Max(ShortestSilence, (hold.ExpiresAt - hold.HeartbeatAt) / 2);
        return hold.Slot is null || hold.SilentSince is not null || silent >= hold.ExpiresAt ? null : silent;
    }

    /// <summary>When somebody should look at a reservation: because it falls silent, or because it expires.</summary>
    public static Instant DueAt(Hold hold) => FallsSilentAt(hold) ?? hold.ExpiresAt;

    /// <summary>Notes which of an account's live reservations have fallen silent. It leaves no entry: nothing is used, held or returned by it.</summary>
    /// <param name="most">The most to note at once.</param>
    public static Decision Decide(AccountState account, AccountState workspace, Instant now, int most)
    {
        ArgumentNullException.ThrowIfNull(account);
        ImmutableArray<Hold> silent = [.. account.Holds.LiveAt(now).Where(hold => FallsSilentAt(hold) <= now).OrderBy(hold => hold.Number).Take(most)];
        if (silent.IsEmpty)
        {
            return new Decision(account, workspace);
        }

        BalanceWriter writer = new(account, workspace, now);
        foreach (Hold hold in silent)
        {
            writer.Set(hold with { SilentSince = hold.HeartbeatAt }, null);
        }

        return writer.Finish(account.Account.FirstLiveEventAt, null) with { Holds = [.. silent.Select(hold => hold.Number)] };
    }

    /// <summary>What a decision makes of alerts about the reservations that it touched.</summary>
    internal static ImmutableArray<AlertChange> ChangesOf(AccountState before, Decision decision, Instant now)
    {
        ImmutableArray<AlertChange> changes = [];
        foreach (long number in decision.Holds)
        {
            Hold? old = before.Holds.Find(number);
            Hold? hold = decision.Account.Holds.Find(number);
            if (old?.IsStuck == true && hold?.IsStuck != true)
            {
                changes = changes.Add(new StuckJobChange(number, old.Type, now, hold is null ? AlertResolution.JobEnded : AlertResolution.Heard));
            }
            else if (hold?.IsStuck == true && old?.IsStuck != true)
            {
                changes = changes.Add(new StuckJobChange(number, hold.Type, now, null));
            }
        }

        return changes;
    }
}
