using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>One meter's periods of one length.</summary>
/// <param name="Periods">Newest first; periods without usage are among them.</param>
public sealed record UsageHistory(Meter Meter, Per Per, ImmutableArray<HistoryPeriod> Periods);

/// <summary>What was used in one period. Amounts are in the meter's unit.</summary>
/// <param name="Start"><see cref="Instant.MinValue"/> for a lifetime.</param>
/// <param name="Limit">As it stands now, for the current period; null without limit and for periods that are over.</param>
/// <param name="Percent">Of that limit.</param>
public sealed record HistoryPeriod(Instant Start, Instant End, bool IsCurrent, decimal Used, decimal Held, decimal? Limit, decimal? Percent);

/// <summary>Reads an account's past and current periods, from its balances alone (BAL-10).</summary>
public sealed class UsageHistoryService(IWeirStore store, CatalogService catalogs, TimeProvider time)
{
    public const int MostPeriods = 400;

    /// <summary>One history for each account-wide limit and for each meter that is counted without one.</summary>
    /// <param name="meter">Null for all.</param>
    /// <param name="per">Null for all.</param>
    /// <param name="periods">How many of each, 1 to <see cref="MostPeriods"/>; those before the account's first are left out.</param>
    /// <returns>Null when there is no such account.</returns>
    public async ValueTask<ImmutableArray<UsageHistory>?> ReadAsync(
        WorkspaceId workspace, AccountKey account, string? meter, Per? per, int periods, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(periods, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(periods, MostPeriods);
        if (await store.Ledger.ReadStateAsync(workspace, account, cancellationToken) is not { } state)
        {
            return null;
        }

        CatalogBook book = await catalogs.BookAsync(workspace, state.Account, cancellationToken);
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        state = await OpenedStates.ReadAsync(store, workspace, account, state, book, now, cancellationToken);
        ImmutableArray<UsageHistory>.Builder histories = ImmutableArray.CreateBuilder<UsageHistory>();
        foreach (UsageLine line in UsageView.Of(state, book, now))
        {
            if (line.Limit.Scope == ScopeKind.Account && (meter is null || line.Limit.Meter.Key == meter) && (per is null || line.Limit.Per == per))
            {
                histories.Add(await ReadAsync(workspace, account, state.Account, line, now, periods, cancellationToken));
            }
        }

        return histories.ToImmutable();
    }

    private async ValueTask<UsageHistory> ReadAsync(
        WorkspaceId workspace, AccountKey key, Account account, UsageLine line, Instant now, int count, CancellationToken cancellationToken)
    {
        Meter meter = line.Limit.Meter;
        Per per = line.Limit.Per;
        List<Engine.Period> periods = [line.Period];
        while (per != Per.Lifetime && periods.Count < count)
        {
            periods.Add(account.Timeline.Previous(per, periods[^1]));
        }

        IReadOnlyList<Balance> stored = await store.Ledger.ReadHistoryAsync(workspace, key, meter.Key, per, periods[^1].Start, Instant.MaxValue, cancellationToken);
        Dictionary<Instant, Balance> balances = stored.Where(balance => balance.Key.Scope == ScopeKind.Account).ToDictionary(balance => balance.Key.PeriodStart);
        Instant first = balances.Keys.Append(account.CreatedAt).Min();
        return new UsageHistory(meter, per, [.. periods.Where(period => period.End > first).Select(period => Of(period, balances.GetValueOrDefault(period.Start), line, now))]);
    }

    private static HistoryPeriod Of(Engine.Period period, Balance? balance, UsageLine line, Instant now)
    {
        bool current = period.Contains(now);
        int scale = line.Limit.Meter.Scale;
        decimal used = (balance?.Used ?? Quantity.Zero).ToDecimal(scale);
        decimal? limit = current ? line.Limit.Limit?.ToDecimal(scale) : null;
        return new HistoryPeriod(
            period.Start, period.End, current, used, (balance?.Held ?? Quantity.Zero).ToDecimal(scale), limit,
            limit is { } standing ? UsageTotals.Percent(used, standing) ?? 100 : null);
    }
}
