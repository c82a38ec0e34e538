using Weir.Engine;

namespace Weir.Chaos;

/// <summary>An entry of the ledger about credits, of any kind, as the store has it.</summary>
/// <param name="Of">The number of the entry that it ends or takes back; 0 for others.</param>
/// <param name="Id">Its caller's; null for what is known by what it is about.</param>
/// <param name="At">When it was decided.</param>
/// <param name="Used">How far what is used moved.</param>
/// <param name="Held">How far what is held moved.</param>
internal sealed record Fact(long Number, EntryKind Kind, long Of, string? Id, string Account, DateTimeOffset At, decimal Used, decimal Held)
{
    /// <summary>A commit after the end of its reservation.</summary>
    public bool IsLate { get; init; }

    /// <summary>The end by time that a reservation began with.</summary>
    public DateTimeOffset Until { get; init; }

    /// <summary>The fence of its slot, where it has one.</summary>
    public long? Fence { get; init; }

    /// <summary>What a grant gives.</summary>
    public decimal Granted { get; init; }
}

/// <summary>What the nodes show of the credits of an account.</summary>
internal sealed record Shown(decimal Used, decimal Held, decimal Limit);

/// <summary>
/// Judges what became of jobs, reversals and grants by what their callers were told. Every request has had its definite answer, and the
/// time of every reservation is over. Each gives the violations, in words.
/// </summary>
internal static class JobAudit
{
    /// <summary>What callers know together with the commits that took effect after a later try of theirs was denied.</summary>
    public static ToldCredits WithLateTries(ToldCredits told, IReadOnlyList<Fact> facts)
    {
        Dictionary<long, string> reservations = facts.Where(fact => fact.Kind == EntryKind.Reservation).ToDictionary(fact => fact.Number, fact => fact.Id!);
        ILookup<string, Fact> commits = facts.Where(fact => fact.Kind == EntryKind.Commit && reservations.ContainsKey(fact.Of)).ToLookup(fact => reservations[fact.Of], StringComparer.Ordinal);
        return told with
        {
            Jobs =
            [
                .. told.Jobs.Select(job => job.Ends.Count == 0 && commits[job.Job.Id].FirstOrDefault(commit => job.Denied.Any(denied => denied.Amount == commit.Used && (denied.MayFit || commit.IsLate))) is { } done
                    ? job with { Ends = [new JobEnd(done.IsLate ? "expired" : "committed", (int)done.Used, MayExceed: false)] }
                    : job),
            ],
        };
    }

    /// <summary>RES-1: what holds was asked for, and ends exactly once, as its caller was told; a late commit comes after the end by time, once.</summary>
    public static IEnumerable<string> Ends(IEnumerable<ToldJob> told, IReadOnlyList<Fact> facts)
    {
        Dictionary<string, ToldJob> jobs = told.ToDictionary(job => job.Job.Id, StringComparer.Ordinal);
        ILookup<string, Fact> made = facts.Where(fact => fact.Kind == EntryKind.Reservation).ToLookup(fact => fact.Id!, StringComparer.Ordinal);
        ILookup<long, Fact> later = facts.Where(fact => fact.Kind is EntryKind.Commit or EntryKind.Release or EntryKind.Expiry).ToLookup(fact => fact.Of);
        foreach (ToldJob job in jobs.Values.Where(job => job.Reserved && !made.Contains(job.Job.Id)))
        {
            yield return $"lost: {job.Job.Id} was reserved and does not stand in the ledger";
        }

        foreach (IGrouping<string, Fact> reservations in made)
        {
            if (!jobs.TryGetValue(reservations.Key, out ToldJob? job) || !(job.Reserved || job.InDoubt))
            {
                yield return $"unknown: {reservations.Key} holds, and its caller was not told so";
                continue;
            }

            if (reservations.Count() > 1)
            {
                yield return $"duplicate: {job.Job.Id} was reserved {reservations.Count()} times";
                continue;
            }

            foreach (string violation in EndsOf(job, [.. later[reservations.Single().Number]]))
            {
                yield return violation;
            }
        }
    }

    /// <summary>No entry, in the order of the ledger, takes what is used and held over the limit with what was granted by then.</summary>
    public static IEnumerable<string> Limits(IEnumerable<ToldJob> told, IReadOnlyList<Fact> facts)
    {
        Dictionary<string, ToldJob> jobs = told.ToDictionary(job => job.Job.Id, StringComparer.Ordinal);
        foreach (IGrouping<string, Fact> account in facts.GroupBy(fact => fact.Account, StringComparer.Ordinal))
        {
            decimal limit = Menu.CreditLimit;
            decimal used = 0;
            Dictionary<long, (Fact Made, decimal Held, DateTimeOffset Until)> open = [];
            foreach (Fact fact in account.OrderBy(fact => fact.Number))
            {
                limit += fact.Granted;
                used += fact.Used;
                Fact? made = fact.Of == 0 ? null : open.GetValueOrDefault(fact.Of).Made;
                if (fact.Kind == EntryKind.Reservation)
                {
                    open.Add(fact.Number, (fact, fact.Held, UntilOf(jobs, fact)));
                }
                else
                {
                    open.Remove(fact.Of);
                }

                // What has ended by time is free at that time, whenever that is written down.
                decimal held = open.Values.Where(one => one.Until > fact.At).Sum(one => one.Held);
                bool mayExceed = fact.IsLate || (made is not null && jobs.TryGetValue(made.Id!, out ToldJob? job) && job.Ends.Any(end => end.MayExceed));
                if (fact.Used + fact.Held > 0 && used + held > limit && !mayExceed)
                {
                    yield return $"over-consumed: {fact.Kind} {fact.Id ?? made?.Id} takes {account.Key} to {used} used and {held} held of {limit} credits";
                }
            }
        }
    }

    /// <summary>SLOT-1: never more leases than slots, of an account and of the whole service; none shorter than told; fences only rise.</summary>
    public static IEnumerable<string> Slots(IEnumerable<ToldJob> told, IReadOnlyList<Fact> facts)
    {
        Dictionary<string, ToldJob> jobs = told.ToDictionary(job => job.Job.Id, StringComparer.Ordinal);
        ILookup<long, Fact> ends = facts.Where(fact => !fact.IsLate && fact.Kind is EntryKind.Commit or EntryKind.Release or EntryKind.Expiry).ToLookup(fact => fact.Of);
        Dictionary<string, long> fences = new(StringComparer.Ordinal);
        List<Lease> leases = [];
        foreach (Fact made in facts.Where(fact => fact is { Kind: EntryKind.Reservation, Fence: not null }).OrderBy(fact => fact.Number))
        {
            if (made.Fence <= fences.GetValueOrDefault(made.Account))
            {
                yield return $"fence: {made.Id} has {made.Fence} after {fences[made.Account]} of {made.Account}";
            }

            fences[made.Account] = made.Fence!.Value;
            DateTimeOffset until = UntilOf(jobs, made);
            if (ends[made.Number].FirstOrDefault() is { } end)
            {
                if (end.Kind == EntryKind.Expiry && end.At < until)
                {
                    yield return $"slot: {made.Id} was told {until:O} and lost its slot at {end.At:O}";
                }

                until = end.At < until ? end.At : until;
            }

            leases.Add(new Lease(made.Account, Menu.Slot, made.Id!, made.Fence.Value, made.At, until));
        }

        foreach (string violation in HolderAudit.TooMany("the whole service", leases, Menu.AllSlots)
            .Concat(leases.GroupBy(lease => lease.Account, StringComparer.Ordinal).SelectMany(account => HolderAudit.TooMany(account.Key, account, Menu.Slots))))
        {
            yield return "slot: " + violation;
        }
    }

    /// <summary>COR-1: what was taken back returned once and whole; what stands was taken back by nobody.</summary>
    public static IEnumerable<string> Reversals(IEnumerable<ToldSpend> told, IReadOnlyList<Fact> facts)
    {
        Dictionary<string, Fact> uses = [];
        foreach (IGrouping<string, Fact> use in facts.Where(fact => fact.Kind == EntryKind.Usage).GroupBy(fact => fact.Id!, StringComparer.Ordinal))
        {
            uses.Add(use.Key, use.First());
            if (use.Count() > 1)
            {
                yield return $"duplicate: {use.Key} stands in the ledger {use.Count()} times";
            }
        }

        ILookup<long, Fact> back = facts.Where(fact => fact.Kind == EntryKind.Reversal).ToLookup(fact => fact.Of);
        foreach (ToldSpend spend in told)
        {
            if (uses.Remove(spend.Id, out Fact? use) != spend.Allowed)
            {
                yield return spend.Allowed ? $"lost: {spend.Id} was acknowledged and does not stand in the ledger" : $"unknown: {spend.Id} stands in the ledger and was denied";
                continue;
            }

            int times = use is null ? 0 : back[use.Number].Count();
            if (times != (spend.Reversed ? 1 : 0))
            {
                yield return $"{(times > 1 ? "duplicate" : times == 0 ? "lost" : "unknown")}: {spend.Id} was taken back {times} times{(spend.Reversed ? "" : ", and by nobody")}";
            }
            else if (times == 1 && back[use!.Number].Single().Used != -use.Used)
            {
                yield return $"lost: {spend.Id} used {use.Used} and got {-back[use.Number].Single().Used} back";
            }
        }

        foreach (string id in uses.Keys)
        {
            yield return $"unknown: {id} stands in the ledger, and its caller was not told so";
        }
    }

    /// <summary>Each grant was given once.</summary>
    public static IEnumerable<string> Grants(IEnumerable<ToldGrant> told, IReadOnlyList<Fact> facts)
    {
        ILookup<string, Fact> given = facts.Where(fact => fact.Kind == EntryKind.Grant).ToLookup(fact => fact.Id!, StringComparer.Ordinal);
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (ToldGrant grant in told)
        {
            known.Add(grant.Id);
            if (given[grant.Id].Count() is not 1 and int times)
            {
                yield return $"{(times == 0 ? "lost" : "duplicate")}: {grant.Id} was given {times} times";
            }
        }

        foreach (string id in given.Select(grant => grant.Key).Where(id => !known.Contains(id)))
        {
            yield return $"unknown: {id} was given, and its giver was not told so";
        }
    }

    /// <summary>What the nodes show is what callers were told: used, the limit with what was given, and nothing held any more.</summary>
    public static IEnumerable<string> Balances(ToldCredits told, IReadOnlyDictionary<string, Shown> shown)
    {
        Dictionary<string, decimal> used = new(StringComparer.Ordinal);
        foreach ((string account, int amount) in told.Spends.Where(spend => spend is { Allowed: true, Reversed: false }).Select(spend => (spend.Account, spend.Amount))
            .Concat(told.Jobs.SelectMany(job => job.Ends.Select(end => (job.Job.Account, end.Amount)))))
        {
            used[account] = used.GetValueOrDefault(account) + amount;
        }

        ILookup<string, ToldGrant> grants = told.Grants.ToLookup(grant => grant.Account, StringComparer.Ordinal);
        foreach ((string account, Shown one) in shown)
        {
            decimal known = used.GetValueOrDefault(account);
            if (one.Used != known)
            {
                yield return $"{(one.Used > known ? "duplicate" : "lost")}: {account} has used {one.Used} credits by its balance and {known} by its callers";
            }

            if (one.Held != 0)
            {
                yield return $"held: {account} holds {one.Held} credits, and nobody holds any more";
            }

            decimal limit = Menu.CreditLimit + grants[account].Sum(grant => grant.Amount);
            if (one.Limit != limit)
            {
                yield return $"{(one.Limit > limit ? "duplicate" : "lost")}: {account} has a limit of {one.Limit} credits, and {limit} with what it was given";
            }
        }
    }

    private static IEnumerable<string> EndsOf(ToldJob job, Fact[] later)
    {
        Fact[] ends = [.. later.Where(fact => !fact.IsLate)];
        Fact[] late = [.. later.Where(fact => fact.IsLate)];
        if (ends.Length != 1)
        {
            yield return $"ends: {job.Job.Id} ended {ends.Length} times: {string.Join(", ", ends.Select(end => $"{end.Kind} at {end.At:O}"))}";
            yield break;
        }

        if (late.Length > 1 || (late.Length == 1 && ends[0].Kind != EntryKind.Expiry))
        {
            yield return $"ends: {job.Job.Id} was committed late {late.Length} times after {ends[0].Kind}";
        }

        string state = ends[0].Kind switch { EntryKind.Commit => "committed", EntryKind.Release => "released", _ => "expired" };
        foreach (string refused in job.Refusals.Where(refused => refused != state))
        {
            yield return $"ends: {job.Job.Id} was refused as {refused}, and is {state}";
        }

        Fact? done = ends[0].Kind == EntryKind.Expiry ? late.FirstOrDefault() : ends[0];
        if (done is not null && job.Ends.Count == 0)
        {
            yield return $"unknown: {job.Job.Id} is {state}, and nobody was told so";
        }

        foreach (JobEnd end in job.Ends)
        {
            if (done is null || end.State != state)
            {
                yield return $"lost: the caller of {job.Job.Id} was told that it is {end.State}, and it is {state}";
            }
            else if (done.Used != end.Amount)
            {
                yield return $"amount: {job.Job.Id} used {done.Used} by the ledger and {end.Amount} by its caller";
            }
        }
    }

    private static DateTimeOffset UntilOf(Dictionary<string, ToldJob> jobs, Fact made) =>
        jobs.TryGetValue(made.Id!, out ToldJob? job) && job.Until > made.Until ? job.Until : made.Until;
}
