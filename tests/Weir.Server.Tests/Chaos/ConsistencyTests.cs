using Weir.Chaos;

namespace Weir.Server.Tests.Chaos;

/// <summary>What judges the chaos run of nodes finds each fault that it looks for, and nothing where there is none.</summary>
public sealed class ConsistencyTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

    private static readonly Told[] s_told =
    [
        Of("a", Menu.Call, calls: 1, sent: 0, answered: 10), Of("b", Menu.Both, calls: 2, sent: 5, answered: 12), Of("c", Menu.Work, calls: null, sent: 0, answered: 1),
        Of("d", Menu.Call, calls: 3, sent: 13, answered: 20),
    ];

    private static readonly Row[] s_log = [RowOf("a", (Menu.Calls, 1)), RowOf("b", (Menu.Calls, 1), (Menu.Units, 1)), RowOf("c", (Menu.Work, 7)), RowOf("d", (Menu.Calls, 1))];

    [Fact(DisplayName = "TX-2: the books see what is lost, what stands twice and what nobody was told")]
    public void Log()
    {
        Assert.Empty(Consistency.Log([.. s_told, Denied("e", Menu.Call)], s_log));
        Assert.StartsWith("lost: d", Assert.Single(Consistency.Log(s_told, s_log[..3])), StringComparison.Ordinal);
        Assert.StartsWith("duplicate: a", Assert.Single(Consistency.Log(s_told, [.. s_log, s_log[0]])), StringComparison.Ordinal);
        Assert.StartsWith("unknown: d", Assert.Single(Consistency.Log(s_told[..3], s_log)), StringComparison.Ordinal);
        Assert.StartsWith("unknown: d", Assert.Single(Consistency.Log([.. s_told[..3], Denied("d", Menu.Call)], s_log)), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "BAL-2: the books see the first row that takes a balance over its limit, wherever it stands in the log")]
    public void Limits()
    {
        int limit = Menu.Limits[Menu.Units];
        Row[] full = [.. Enumerable.Range(0, limit).Select(i => RowOf($"f{i}", (Menu.Units, 1)))];
        Assert.Empty(Consistency.Limits([.. full, RowOf("w", (Menu.Work, 1_000_000))]));
        Assert.StartsWith("over-consumed: over", Assert.Single(Consistency.Limits([.. full, RowOf("over", (Menu.Units, 1)), RowOf("back", (Menu.Units, -1))])), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "BAL-2, PER-1: the books see an hour's limit passed, and that the next hour has room again")]
    public void Hours()
    {
        Row[] full = [.. Enumerable.Range(0, Menu.Limits[Menu.Hours]).Select(i => RowOf($"f{i}", (Menu.Hours, 1)))];
        Row next = RowOf("next", (Menu.Hours, 1));
        Assert.Empty(Consistency.Limits([.. full, next with { RecordedAt = s_now.AddHours(1) }]));
        Assert.Single(Consistency.Limits([.. full, next with { RecordedAt = s_now.AddMinutes(59) }]));
    }

    [Fact(DisplayName = "TX-3: the books see a time that is not the database's, and one that runs back")]
    public void Clock()
    {
        Row later = s_log[1] with { RecordedAt = s_now.AddSeconds(1) };
        Assert.Empty(Consistency.Clock([s_log[0], later], s_now, s_now.AddSeconds(1)));
        Assert.Single(Consistency.Clock([later], s_now, s_now));
        Assert.Single(Consistency.Clock([s_log[0]], s_now.AddTicks(1), s_now.AddSeconds(1)));
        Assert.Single(Consistency.Clock([later, s_log[0]], s_now, s_now.AddSeconds(1)));
        Assert.Empty(Consistency.Clock([later, s_log[0] with { Account = "other" }], s_now, s_now.AddSeconds(1)));
    }

    [Fact(DisplayName = "LOG-3: the books see a balance that is not the sum of what was allowed")]
    public void Sums()
    {
        Dictionary<(string, string), decimal> balances = new() { [("acme", Menu.Calls)] = 3, [("acme", Menu.Units)] = 1, [("acme", Menu.Work)] = 7 };
        Assert.Empty(Consistency.Sums(s_told, balances));
        balances[("acme", Menu.Work)] = 14;
        Assert.StartsWith("duplicate: acme", Assert.Single(Consistency.Sums(s_told, balances)), StringComparison.Ordinal);
        balances[("acme", Menu.Work)] = 0;
        Assert.StartsWith("lost: acme", Assert.Single(Consistency.Sums(s_told, balances)), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "TX-1: the books see calls that are numbered twice, with a gap, or against the order of time")]
    public void Order()
    {
        Assert.Empty(Consistency.Order(s_told));
        Assert.Single(Consistency.Order([s_told[0], s_told[3]]));
        Assert.Single(Consistency.Order([.. s_told, Of("e", Menu.Call, calls: 3, sent: 13, answered: 20)]));
        Assert.StartsWith("order: b was sent after", Assert.Single(Consistency.Order([s_told[0], s_told[1] with { Sent = 21, Answered = 22 }, s_told[3]])), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "BAL-2: the books see a denial of an account that never reached its limit")]
    public void Granted()
    {
        Told[] full = [.. Enumerable.Range(0, Menu.Limits[Menu.Units]).Select(i => Of($"f{i}", Menu.Both, i + 1, 0, 1))];
        Assert.Empty(Consistency.Granted([.. full, Denied("e", Menu.Both)]));
        Assert.Single(Consistency.Granted([.. full, Denied("e", Menu.Call)]));
        Assert.Single(Consistency.Granted([.. full[1..], Denied("e", Menu.Both)]));
    }

    private static Told Of(string id, string type, long? calls, long sent, long answered) => new(new Use(id, "acme", type, 7), true, calls, [], sent, answered, 1);

    private static Told Denied(string id, string type) => new(new Use(id, "acme", type, 7), false, null, [], 0, 1, 1);

    private static Row RowOf(string id, params (string Meter, decimal Amount)[] charges) =>
        new(id, "acme", charges.ToDictionary(charge => charge.Meter, charge => charge.Amount, StringComparer.Ordinal), s_now);
}
