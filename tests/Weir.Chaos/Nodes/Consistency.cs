namespace Weir.Chaos;

/// <summary>A row of the log, as it was read over HTTP, oldest first.</summary>
internal sealed record Row(string Id, string Account, IReadOnlyDictionary<string, decimal> Charges, DateTimeOffset RecordedAt);

/// <summary>
/// Judges the log and the balances by the books of the callers. Every use has had its definite answer by then, so nothing is left open:
/// what the books say must stand, and nothing else.
/// </summary>
internal static class Consistency
{
    /// <summary>What was acknowledged stands in the log once, and nothing else stands there.</summary>
    public static IEnumerable<string> Log(IEnumerable<Told> told, IReadOnlyList<Row> log)
    {
        Dictionary<string, int> rows = log.GroupBy(row => row.Id, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        foreach (Told allowed in told.Where(t => t.Allowed))
        {
            if (!rows.Remove(allowed.Use.Id, out int times))
            {
                yield return $"lost: {allowed.Use.Id} was acknowledged and does not stand in the log";
            }
            else if (times > 1)
            {
                yield return $"duplicate: {allowed.Use.Id} stands in the log {times} times";
            }
        }

        foreach (string id in rows.Keys)
        {
            yield return $"unknown: {id} stands in the log, and its caller was not told so";
        }
    }

    /// <summary>No row of the log, in its order, takes a balance over its limit.</summary>
    public static IEnumerable<string> Limits(IReadOnlyList<Row> log)
    {
        Dictionary<(string Account, string Meter, long Hour), decimal> used = [];
        foreach (Row row in log)
        {
            foreach ((string meter, decimal amount) in row.Charges)
            {
                long hour = meter == Menu.Hours ? row.RecordedAt.UtcTicks / TimeSpan.TicksPerHour : 0;
                decimal after = used[(row.Account, meter, hour)] = used.GetValueOrDefault((row.Account, meter, hour)) + amount;
                if (amount > 0 && Menu.Limits.TryGetValue(meter, out int limit) && after > limit)
                {
                    yield return $"over-consumed: {row.Id} takes {row.Account} to {after} {meter} of {limit}";
                }
            }
        }
    }

    /// <summary>Time is the database's, whatever the clocks of nodes say, and never runs back for an account.</summary>
    /// <param name="from">By the clock of the database, before the first row.</param>
    /// <param name="to">After the last.</param>
    public static IEnumerable<string> Clock(IReadOnlyList<Row> log, DateTimeOffset from, DateTimeOffset to)
    {
        Dictionary<string, DateTimeOffset> last = new(StringComparer.Ordinal);
        foreach (Row row in log)
        {
            if (row.RecordedAt < from || row.RecordedAt > to)
            {
                yield return $"clock: {row.Id} was recorded at {row.RecordedAt:O}, and the database had it from {from:O} to {to:O}";
            }
            else if (row.RecordedAt < last.GetValueOrDefault(row.Account))
            {
                yield return $"clock: {row.Id} was recorded at {row.RecordedAt:O}, after a row of {last[row.Account]:O} of {row.Account}";
            }

            last[row.Account] = row.RecordedAt;
        }
    }

    /// <summary>What each account has used by the log is what its callers were allowed, and what its balances say.</summary>
    /// <param name="balances">Used by account and meter, as the nodes say; meters that were never used may be absent.</param>
    public static IEnumerable<string> Sums(IEnumerable<Told> told, IReadOnlyDictionary<(string Account, string Meter), decimal> balances)
    {
        Dictionary<(string Account, string Meter), decimal> books = [];
        foreach (Use use in told.Where(t => t.Allowed).Select(t => t.Use))
        {
            foreach (string meter in Menu.MetersOf[use.Type])
            {
                books[(use.Account, meter)] = books.GetValueOrDefault((use.Account, meter)) + (meter == Menu.Work ? use.Amount : 1);
            }
        }

        // An hour's balance is another when the next has begun: the log tells of each.
        foreach ((string account, string meter) in books.Keys.Union(balances.Keys).Where(balance => balance.Meter != Menu.Hours))
        {
            decimal known = books.GetValueOrDefault((account, meter));
            decimal stored = balances.GetValueOrDefault((account, meter));
            if (known != stored)
            {
                yield return $"{(stored > known ? "duplicate" : "lost")}: {account} has used {stored} {meter} by its balance and {known} by its callers";
            }
        }
    }

    /// <summary>
    /// Calls count one each, so the answers of an account number its decisions: each number comes once, none is left out, and whoever was
    /// answered before another was sent has the lower one.
    /// </summary>
    public static IEnumerable<string> Order(IEnumerable<Told> told)
    {
        foreach (IGrouping<string, Told> account in told.Where(t => t is { Allowed: true, Calls: not null }).GroupBy(t => t.Use.Account, StringComparer.Ordinal))
        {
            Told[] calls = [.. account.OrderBy(t => t.Calls)];
            long earliest = long.MaxValue;
            for (int i = calls.Length - 1; i >= 0; i--)
            {
                if (calls[i].Calls != i + 1)
                {
                    yield return $"order: {calls[i].Use.Id} is call {calls[i].Calls} of {account.Key}, where call {i + 1} is missing or comes twice";
                    break;
                }

                if (earliest < calls[i].Sent)
                {
                    yield return $"order: {calls[i].Use.Id} was sent after a later call of {account.Key} had been answered";
                }

                earliest = Math.Min(earliest, calls[i].Answered);
            }
        }
    }

    /// <summary>Whoever was denied for want of room, found none: the limit was reached in the end, for nothing is ever given back here.</summary>
    public static IEnumerable<string> Granted(IEnumerable<Told> told)
    {
        foreach (IGrouping<string, Told> account in told.GroupBy(t => t.Use.Account, StringComparer.Ordinal))
        {
            Dictionary<string, int> used = account.Where(t => t.Allowed).SelectMany(t => Menu.MetersOf[t.Use.Type])
                .GroupBy(meter => meter, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
            foreach (Told denied in account.Where(t => !t.Allowed).DistinctBy(t => t.Use.Type, StringComparer.Ordinal))
            {
                if (!Menu.MetersOf[denied.Use.Type].Any(meter => Menu.Limits.TryGetValue(meter, out int limit) && used.GetValueOrDefault(meter) >= limit))
                {
                    yield return $"under-granted: {denied.Use.Id} was denied, and {account.Key} never reached a limit";
                }
            }
        }
    }
}
