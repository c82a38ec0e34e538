using NodaTime;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>A head as its row has it.</summary>
/// <param name="HasRows">Whether something of the state stands in rows of its own.</param>
internal sealed record LoadedAccount(Account Head, bool HasRows, Figures Figures)
{
    /// <summary>The state with every balance whose period is not closed and every rate that still counts.</summary>
    /// <param name="rows">What stands in rows of its own.</param>
    public AccountState StateAt(Instant now, AccountRowsOf? rows)
    {
        StateMap<BalanceKey, Balance>.Builder balances = StateMap<BalanceKey, Balance>.Empty.ToBuilder();
        // What stands in the head goes before what somebody has put beside it.
        foreach (Balance balance in rows is null ? Figures.Balances.Values : rows.Balances.Concat(Figures.Balances.Values))
        {
            if (!Figures.IsClosed(balance, now))
            {
                balances[balance.Key] = balance;
            }
        }

        StateMap<RateKey, RateWindow>.Builder rates = StateMap<RateKey, RateWindow>.Empty.ToBuilder();
        long micros = Clock.ToMicros(now);
        foreach ((RateKey key, RateWindow window) in rows is null ? Figures.Rates : Figures.Rates.Concat(rows.Rates))
        {
            if (Figures.EmptyAt(window) > micros)
            {
                rates[key] = window;
            }
        }

        AccountState state = new(Head, balances.ToImmutable(), rates.ToImmutable());
        foreach ((StatePart part, byte[] body) in rows?.Parts ?? [])
        {
            state = StateParts.Apply(state, part, body);
        }

        return state;
    }
}

/// <summary>What of one account's state stands in rows of its own.</summary>
internal sealed class AccountRowsOf
{
    public List<Balance> Balances { get; } = [];

    public List<KeyValuePair<RateKey, RateWindow>> Rates { get; } = [];

    public List<(StatePart Part, byte[] Body)> Parts { get; } = [];
}
