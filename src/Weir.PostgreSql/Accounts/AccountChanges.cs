using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>What a transaction makes of its accounts, gathered for a few statements that each take all of them.</summary>
internal sealed class AccountChanges(IReadOnlyDictionary<long, LoadedAccount> loaded, Instant now)
{
    private readonly List<(Account Head, long Expected, bool HasRows, byte[]? Figures)> _moved = [];
    private readonly List<(Account Head, long Expected, bool HasRows, byte[]? Figures)> _changed = [];
    private readonly List<(long Account, Balance Balance)> _balances = [];
    private readonly List<(long Account, RateKey Key, RateWindow Window)> _rates = [];
    private readonly List<(long Account, StatePart Part, Instant? Due, byte[] Body)> _parts = [];
    private readonly List<(long Account, StatePart Part)> _gone = [];
    private readonly ByteWriter _writer = new();

    public int Heads => _moved.Count + _changed.Count;

    public void Add(AccountWrite write)
    {
        Account head = write.State.Account;
        if (!loaded.TryGetValue(head.Id, out LoadedAccount? before))
        {
            throw new InvalidOperationException("Only accounts that the transaction has loaded, and so locked, are written.");
        }

        bool hasRows = before.HasRows;
        Figures figures = Balances(write, before.Figures, ref hasRows);
        Rates(write, before.Figures, figures, ref hasRows);
        foreach (StatePart part in write.Parts)
        {
            if (StateParts.Write(write.State, part, out Instant? due) is { } body)
            {
                _parts.Add((head.Id, part, due, body));
                hasRows = true;
            }
            else
            {
                _gone.Add((head.Id, part));
            }
        }

        (IsChanged(before.Head, head) ? _changed : _moved).Add((head, before.Head.Version, hasRows, figures.Encode(_writer)));
    }

    /// <summary>The statements. Each head is only written if it still has the version that was loaded.</summary>
    public IEnumerable<NpgsqlBatchCommand> HeadCommands(Session session)
    {
        if (_moved.Count > 0)
        {
            yield return session.Own("Accounts/MoveHeads", Moves(_moved));
        }

        if (_changed.Count > 0)
        {
            yield return session.Own(
                "Accounts/WriteHeads",
                [.. Moves(_changed), .. AccountRows.Terms([.. _changed.Select(changed => changed.Head)]), Value.Longs(_changed.Select(changed => Clock.ToMicros(changed.Head.CreatedAt)))]);
        }
    }

    public IEnumerable<NpgsqlBatchCommand> RowCommands(Session session)
    {
        if (_balances.Count > 0)
        {
            yield return AccountRows.WriteBalances(session, _balances);
        }

        if (_rates.Count > 0)
        {
            yield return AccountRows.WriteRates(session, _rates);
        }

        if (_parts.Count > 0)
        {
            yield return AccountRows.WriteParts(session, _parts);
        }

        if (_gone.Count > 0)
        {
            yield return AccountRows.DeleteParts(session, _gone);
        }
    }

    /// <summary>Balances of the account as a whole stand in the head until their period is closed; the rest gets rows.</summary>
    private Figures Balances(AccountWrite write, Figures before, ref bool hasRows)
    {
        Figures figures = new();
        long account = write.State.Account.Id;
        foreach (BalanceKey key in write.Balances)
        {
            Balance balance = write.State.Balances[key];
            bool isClosed = Figures.IsClosed(balance, now);
            if (Figures.StandsInHead(key) && !isClosed)
            {
                figures.Balances[key] = balance;
            }
            else
            {
                _balances.Add((account, balance));
                hasRows |= !isClosed;
            }
        }

        HashSet<BalanceKey>? written = before.Balances.Count == 0 ? null : [.. write.Balances];
        foreach ((BalanceKey key, Balance balance) in before.Balances)
        {
            if (written!.Contains(key))
            {
                continue;
            }

            if (Figures.IsClosed(balance, now))
            {
                _balances.Add((account, balance));
            }
            else
            {
                figures.Balances[key] = balance;
            }
        }

        return figures;
    }

    private void Rates(AccountWrite write, Figures before, Figures figures, ref bool hasRows)
    {
        long micros = Clock.ToMicros(now);
        foreach ((RateKey key, RateWindow window) in before.Rates)
        {
            if (Figures.EmptyAt(window) > micros)
            {
                figures.Rates[key] = window;
            }
        }

        foreach (RateKey key in write.Rates)
        {
            RateWindow window = write.State.Rates[key];
            if (Figures.StandsInHead(key))
            {
                figures.Rates[key] = window;
            }
            else
            {
                _rates.Add((write.State.Account.Id, key, window));
                hasRows = true;
            }
        }
    }

    private static NpgsqlParameter[] Moves(List<(Account Head, long Expected, bool HasRows, byte[]? Figures)> heads) =>
    [
        Value.Longs(heads.Select(h => h.Head.Id)), Value.Longs(heads.Select(h => h.Expected)), Value.Longs(heads.Select(h => h.Head.Version)),
        Value.Longs(heads.Select(h => Clock.ToMicros(h.Head.DecidedAt))), Value.Longs([.. heads.Select(h => Value.Micros(h.Head.FirstLiveEventAt))]),
        Value.Bools([.. heads.Select(h => h.HasRows)]), Value.BytesOf([.. heads.Select(h => h.Figures)]),
    ];

    /// <summary>Whether anything changed beside what every decision moves.</summary>
    private static bool IsChanged(Account before, Account after) =>
        before.Plan != after.Plan || before.PinnedVersion != after.PinnedVersion || before.Suspended != after.Suspended
        || !before.Timeline.Equals(after.Timeline) || before.Overrides != after.Overrides || before.Planned != after.Planned || before.FormerPlans != after.FormerPlans;
}
