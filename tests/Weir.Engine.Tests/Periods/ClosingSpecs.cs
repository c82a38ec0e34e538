using System.Collections.Immutable;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>What is written down of periods that are over.</summary>
public sealed class ClosingSpecs
{
    private static readonly Catalog s_catalog = StoryCatalog.Read("""
        plans:
          free: { allowances: { credits: [{ limit: 100 }, { limit: 9, per: day }, { limit: 5, scope: user }], calls: { limit: 7, per: calendar-year } } }
          pro:  { allowances: { credits: { limit: 500, enforcement: soft, overage: { rate: 0.25 } } } }
        """);

    private static readonly CatalogBook s_book = new(1, ImmutableDictionary<int, Catalog>.Empty.Add(1, s_catalog));
    private static readonly Instant s_start = Instant.FromUtc(2026, 1, 15, 0, 0);

    [Fact(DisplayName = "PER-6: unused months and years are those of the plan at their end, from the first live event on, each once whatever the stretches")]
    public void Unused()
    {
        Account account = Account(first: Instant.FromUtc(2026, 2, 1, 0, 0)) with
        {
            Planned = [new PlannedChange(Instant.FromUtc(2026, 4, 15, 0, 0), new Subscription("pro", null))],
        };
        Instant end = Instant.FromUtc(2027, 2, 1, 0, 0);
        List<string> whole = Texts(Closing.Unused(account, s_book, Instant.MinValue, end));
        Assert.Equal("credits/month 2026-01-15, credits/month 2026-02-15, credits/month 2026-03-15", string.Join(", ", whole.Take(3)));
        Assert.Equal(12, whole.Count);
        Assert.DoesNotContain(whole, text => text.StartsWith("calls", StringComparison.Ordinal));
        Assert.Contains("calls/calendar-year 2026-01-01", Texts(Closing.Unused(account with { Planned = [] }, s_book, Instant.MinValue, end)));
        foreach (int days in new[] { 1, 30, 31, 77 })
        {
            List<string> parts = [];
            for (Instant from = s_start; from < end; from += Duration.FromDays(days))
            {
                parts.AddRange(Texts(Closing.Unused(account, s_book, from, Instant.Min(from + Duration.FromDays(days), end))));
            }

            Assert.Equal(whole.Order(StringComparer.Ordinal), parts.Order(StringComparer.Ordinal));
        }

        Assert.Empty(Closing.Unused(Account(first: null), s_book, Instant.MinValue, end));
    }

    [Fact(DisplayName = "PER-6: a summary says what the last entry said; without one, what the plan of the period's end says")]
    public void Summaries()
    {
        AccountState state = AccountState.Of(Account(first: s_start) with { FormerPlans = [new FormerPlan(Instant.FromUtc(2026, 3, 1, 0, 0), new Subscription("pro", null))] });
        Balance moved = Month("credits", 1, 130);
        Balance unmoved = Month("credits", 2, 700);
        EntryLine line = new(moved.Key, moved.PeriodEnd, 2, new Quantity(1), new Quantity(130), Quantity.Zero, new Quantity(120), LimitEnforcement.Soft, new UnitPrice(2)) { Granted = new Quantity(20) };
        Dictionary<BalanceKey, LastMove> moves = new() { [moved.Key] = new LastMove("gone", 9, line) };
        ImmutableArray<ClosingSummary> summaries = Closing.Of(state, s_book, [moved, unmoved, Month("credits", 3, 3), Month("gold", 1, 4)], moves, s_start, Instant.FromUtc(2026, 4, 20, 0, 0));
        Assert.Equal(
            [
                "credits 01 gone@9 130 of 120 granted 20 over 10 costs 0.2", "credits 02 free@1 700 of 10000 granted 0 over 0 costs", "credits 03 free@1 3 of 10000 granted 0 over 0 costs",
                "gold 01 pro@1 4 of  granted 0 over 0 costs",
            ],
            summaries.Select(s => $"{s.Key.Meter} {s.Key.PeriodStart.InUtc().Month:00} {s.Plan}@{s.CatalogVersion} {s.Used.Units} of {s.Limit?.Units} granted {s.Granted.Units} over {s.Overage.Units} costs {(s.OverageCost is { } cost ? $"{Decimals.Normalize(cost.Amount)}" : "")}".TrimEnd()));
    }

    [Fact(DisplayName = "PER-5: a period that ended before the first live event may still be imported into, and is not final")]
    public void Final()
    {
        Account account = Account(first: Instant.FromUtc(2026, 2, 15, 0, 0));
        Assert.False(Closing.IsFinal(account, Instant.FromUtc(2026, 2, 15, 0, 0)));
        Assert.True(Closing.IsFinal(account, Instant.FromUtc(2026, 2, 15, 0, 0) + Clock.Microsecond));
        Assert.False(Closing.IsFinal(Account(first: null), Instant.MaxValue));
        Assert.Empty(Closing.Of(AccountState.Of(account), s_book, [Month("credits", 1, 5) with { PeriodEnd = Instant.FromUtc(2026, 2, 15, 0, 0) }], ImmutableDictionary<BalanceKey, LastMove>.Empty, s_start, Instant.FromUtc(2026, 2, 20, 0, 0)));
    }

    private static Account Account(Instant? first) =>
        new() { Id = 1, Version = 1, CreatedAt = s_start, FirstLiveEventAt = first, Plan = "free", Timeline = Timeline.Starting(Schedule.StartingOn(s_start, DateTimeZone.Utc)) };

    private static Balance Month(string meter, int month, long used) =>
        new(new BalanceKey(ScopeKind.Account, 0, meter, Per.Month, Instant.FromUtc(2026, month, 15, 0, 0)), Instant.FromUtc(2026, month + 1, 15, 0, 0), new Quantity(used), Quantity.Zero);

    private static List<string> Texts(IEnumerable<Balance> balances) => [.. balances.Select(balance => $"{balance.Key.Meter}/{balance.Key.Per.Name()} {balance.Key.PeriodStart:uuuu-MM-dd}")];
}
