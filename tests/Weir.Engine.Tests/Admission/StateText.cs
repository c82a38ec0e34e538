namespace Weir.Engine.Tests;

/// <summary>All that an account has used, holds and was given, and its rates, slots and marks, as a text: what is equal in it is equal.</summary>
internal static class StateText
{
    public static string Of(AccountState state) => string.Join('\n', Lines(state).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Lines(AccountState state)
    {
        Account account = state.Account;
        yield return $"account {account.Plan} suspended {account.Suspended} first {account.FirstLiveEventAt} decided {Clock.ToMicros(account.DecidedAt)} version {account.Version}";
        foreach (Balance balance in state.Balances.Values)
        {
            yield return $"balance {balance}";
        }

        foreach ((RateKey key, RateWindow window) in state.Rates)
        {
            yield return $"rate {key} {window.Window} {window.Newest}: {string.Join(',', window.Counts)}";
        }

        foreach (Hold hold in state.Holds)
        {
            yield return $"hold {hold.Number} {hold.Type} {hold.Scopes} until {Clock.ToMicros(hold.ExpiresAt)} heard {Clock.ToMicros(hold.HeartbeatAt)} {hold.Slot}: {string.Join(',', hold.Amounts)}";
        }

        foreach ((string kind, long fence) in state.Fences)
        {
            yield return $"fence {kind} {fence}";
        }

        foreach (Grant grant in state.Grants.Values)
        {
            yield return $"grant {grant.Number} {grant.Terms} ended {grant.EndedAt} before {grant.DrawnBefore}: {string.Join(',', grant.Periods)}; {string.Join(',', grant.Uses)}";
        }
    }
}
