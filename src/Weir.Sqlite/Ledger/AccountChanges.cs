using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>What committed decisions moved of one account and its tables do not have yet. All figures are absolute.</summary>
internal sealed class AccountChanges
{
    public long Version { get; private set; }

    public Instant DecidedAt { get; private set; }

    public Instant? FirstLiveEventAt { get; private set; }

    public Dictionary<BalanceKey, Balance> Balances { get; } = [];

    public Dictionary<RateKey, RateWindow> Rates { get; } = [];

    public void Add(AccountWrite write)
    {
        Version = write.State.Account.Version;
        DecidedAt = write.State.Account.DecidedAt;
        FirstLiveEventAt = write.State.Account.FirstLiveEventAt;
        for (int i = 0; i < write.Balances.Count; i++)
        {
            Balances[write.Balances[i]] = write.State.Balances[write.Balances[i]];
        }

        for (int i = 0; i < write.Rates.Count; i++)
        {
            Rates[write.Rates[i]] = write.State.Rates[write.Rates[i]];
        }
    }

    /// <summary>Adds later changes of the same account.</summary>
    public void Add(AccountChanges later)
    {
        Version = later.Version;
        DecidedAt = later.DecidedAt;
        FirstLiveEventAt = later.FirstLiveEventAt;
        foreach ((BalanceKey key, Balance balance) in later.Balances)
        {
            Balances[key] = balance;
        }

        foreach ((RateKey key, RateWindow window) in later.Rates)
        {
            Rates[key] = window;
        }
    }

    /// <summary>The state that the tables give, brought up to these changes. Figures are here at least as new as there; a head that an operator changed is newer there for an instant.</summary>
    public AccountState ApplyTo(AccountState state) => state with
    {
        Account = state.Account.Version > Version ? state.Account : state.Account with { Version = Version, DecidedAt = DecidedAt, FirstLiveEventAt = FirstLiveEventAt },
        Balances = state.Balances.SetItems(Balances),
        Rates = state.Rates.SetItems(Rates),
    };

    /// <summary>Appends the changes of one account to a journal row.</summary>
    public static void Encode(ByteWriter writer, AccountWrite write)
    {
        Account account = write.State.Account;
        writer.Number(account.Id);
        writer.Number(account.Version);
        writer.Number(Clock.ToMicros(account.DecidedAt));
        writer.Number(account.FirstLiveEventAt is { } first ? Clock.ToMicros(first) : long.MinValue);
        writer.Number(write.Balances.Count);
        for (int i = 0; i < write.Balances.Count; i++)
        {
            FigureBytes.Write(writer, write.State.Balances[write.Balances[i]]);
        }

        writer.Number(write.Rates.Count);
        for (int i = 0; i < write.Rates.Count; i++)
        {
            FigureBytes.Write(writer, write.Rates[i], write.State.Rates[write.Rates[i]]);
        }
    }

    /// <summary>Adds the accounts of one journal row to what earlier rows gave.</summary>
    public static void Decode(ReadOnlySpan<byte> bytes, Dictionary<long, AccountChanges> accounts)
    {
        ByteReader reader = new(bytes);
        while (!reader.AtEnd)
        {
            long id = reader.Number();
            if (!accounts.TryGetValue(id, out AccountChanges? changes))
            {
                accounts.Add(id, changes = new AccountChanges());
            }

            changes.Version = reader.Number();
            changes.DecidedAt = Clock.FromMicros(reader.Number());
            long first = reader.Number();
            changes.FirstLiveEventAt = first == long.MinValue ? null : Clock.FromMicros(first);
            for (long rest = reader.Number(); rest > 0; rest--)
            {
                Balance balance = FigureBytes.ReadBalance(ref reader);
                changes.Balances[balance.Key] = balance;
            }

            for (long rest = reader.Number(); rest > 0; rest--)
            {
                (RateKey key, RateWindow window) = FigureBytes.ReadRate(ref reader);
                changes.Rates[key] = window;
            }
        }
    }
}
