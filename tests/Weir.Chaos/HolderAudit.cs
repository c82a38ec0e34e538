namespace Weir.Chaos;

/// <summary>A slot as somebody was told that it is his: from when the server stamped it to its end.</summary>
/// <param name="End">By time or before; the lease no longer counts at this instant.</param>
internal sealed record Lease(string Account, string Kind, string Reservation, long Fence, DateTimeOffset Start, DateTimeOffset End);

/// <summary>What an account, or the whole service, was seen to hold.</summary>
/// <param name="AsOf">The server's time of the look.</param>
/// <param name="Slots">Slots that count as taken.</param>
internal sealed record Look(string Place, DateTimeOffset AsOf, decimal Held, int Slots);

/// <summary>Judges what holders were told and what was seen, by the server's own times. Each gives the violations, in words.</summary>
internal static class HolderAudit
{
    /// <summary>At no time more leases than slots. Leases are half-open: one may begin when another ends.</summary>
    public static IEnumerable<string> TooMany(string place, IEnumerable<Lease> leases, int slots)
    {
        List<Lease> running = [];
        foreach (Lease lease in leases.OrderBy(lease => lease.Start))
        {
            running.RemoveAll(earlier => earlier.End <= lease.Start);
            running.Add(lease);
            if (running.Count > slots)
            {
                yield return $"{place} has {slots} slots, and at {lease.Start:O} {running.Count} leases: {string.Join(", ", running.Select(one => $"{one.Reservation} #{one.Fence} until {one.End:O}"))}";
            }
        }
    }

    /// <summary>The fences of one account and kind: none twice, and never back.</summary>
    public static IEnumerable<string> FencesBack(IEnumerable<Lease> leases)
    {
        Lease? before = null;
        foreach (Lease lease in leases.OrderBy(lease => lease.Start).ThenBy(lease => lease.Fence))
        {
            if (before is not null && lease.Fence <= before.Fence)
            {
                yield return $"{lease.Account} {lease.Kind}: {lease.Reservation} began at {lease.Start:O} with fence {lease.Fence}, after {before.Reservation} with {before.Fence}";
            }

            before = lease;
        }
    }

    /// <summary>Nothing is held any more once the last reservation of a place has ended by time.</summary>
    /// <param name="lastEnd">When the last reservation of the place ends; a place without any is free at all times.</param>
    /// <param name="kept">What holders that live hold there all the time.</param>
    public static IEnumerable<string> StillHeld(IEnumerable<Look> looks, IReadOnlyDictionary<string, DateTimeOffset> lastEnd, Func<string, (decimal Held, int Slots)> kept)
    {
        foreach (Look look in looks.Where(look => !lastEnd.TryGetValue(look.Place, out DateTimeOffset end) || look.AsOf >= end))
        {
            (decimal held, int slots) = kept(look.Place);
            if ((look.Held, look.Slots) != (held, slots))
            {
                yield return $"{look.Place} holds {look.Held} in {look.Slots} slots at {look.AsOf:O}; living holders have {held} in {slots}";
            }
        }
    }

    /// <summary>A lease lasts at least as long as its holder was last told, unless he gave it back himself.</summary>
    public static IEnumerable<string> CutShort(IEnumerable<Lease> leases, IReadOnlyDictionary<string, DateTimeOffset> told, IReadOnlySet<string> givenBack) =>
        leases.Where(lease => !givenBack.Contains(lease.Reservation) && told.TryGetValue(lease.Reservation, out DateTimeOffset until) && lease.End < until)
            .Select(lease => $"{lease.Reservation} was told {told[lease.Reservation]:O} and lost its slot at {lease.End:O}");

    /// <summary>What a holder hears who wakes after another has taken his slot: neither longer nor ended under the old fence; then what he used is recorded, late.</summary>
    public static IEnumerable<string> NotFenced(IReadOnlyList<HolderLine> lines)
    {
        string[] wanted = ["extend 409 reservation_ended expired", "commit 409 stale_fence expired", "commit 200 expired"];
        string[] heard = [.. lines.Where(line => line.What is "refused" or "ended").Select(line => line.Said)];
        if (!heard.SequenceEqual(wanted, StringComparer.Ordinal))
        {
            yield return $"the frozen holder heard [{string.Join("; ", heard)}] instead of [{string.Join("; ", wanted)}]";
        }
    }
}

/// <summary>A line in the book of a holder.</summary>
/// <param name="What">asked, reserved, extended, ending, ended, refused, denied, ready or odd.</param>
/// <param name="ExpiresAt">The end that the server told.</param>
/// <param name="Said">What was asked and how it was answered.</param>
internal sealed record HolderLine(string What, string Id = "", string Account = "", string Kind = "", long Fence = 0, int Ttl = 0, DateTimeOffset? ExpiresAt = null, string Said = "");
