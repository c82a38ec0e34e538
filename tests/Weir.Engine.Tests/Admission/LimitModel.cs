using System.Globalization;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>
/// What <c>use</c> should be answered, by the plainest means: sums of credits under texts such as <c>1 day 2026-03-05</c>, in the
/// credits' smallest unit. It knows the workload's catalog and calendar, and of other commands only what their entries say they charged.
/// </summary>
internal sealed class LimitModel
{
    private readonly Dictionary<string, long> _sums = [];

    public void Follow(Situation before, Step step, Decision decision)
    {
        if (step is { Type: "use", Kind: StepKind.Enforce or StepKind.BestEffort })
        {
            Check(before, step, decision);
        }

        foreach (EntryLine line in (decision.Entry?.Lines ?? []).Where(line => line.Key.Meter == "credits"))
        {
            string name = Name(line.Key, before.Account.Account.Id);
            _sums[name] = _sums.GetValueOrDefault(name) + line.Delta.Units;
        }
    }

    private void Check(Situation before, Step step, Decision decision)
    {
        long asked = step.Amount * 100L;
        long room = long.MaxValue;
        foreach ((string name, long limit) in Limits(before, step.User))
        {
            room = Math.Min(room, limit - _sums.GetValueOrDefault(name));
        }

        long? charged = asked <= Math.Max(0, room) || asked == 0 ? asked
            : step.Kind == StepKind.BestEffort && room > 0 ? room
            : null;
        Assert.Equal(charged, decision.Entry?.Charges.Single().Amount.Units);
    }

    private static IEnumerable<(string Name, long Limit)> Limits(Situation before, int user)
    {
        string account = before.Account.Account.Id.ToString(CultureInfo.InvariantCulture);
        LocalDate date = before.Now.InUtc().Date;
        string month = date.ToString("uuuu-MM", CultureInfo.InvariantCulture);
        string day = date.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture);
        bool isFree = before.Account.Account.Plan == "free";
        yield return ($"{account} month {month}", isFree ? 1000_00 : 9000_00);
        yield return ($"{account} day {day}", isFree ? 300_00 : 3000_00);
        yield return ($"0 month {month}", 12000_00);
        if (isFree)
        {
            yield return ($"{account} month {month} user {user}", 200_00);
        }
    }

    private static string Name(BalanceKey key, long account)
    {
        LocalDate start = key.PeriodStart.InUtc().Date;
        string period = key.Per == Per.Day ? $"day {start.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture)}" : $"month {start.ToString("uuuu-MM", CultureInfo.InvariantCulture)}";
        return key.Scope switch
        {
            ScopeKind.Workspace => $"0 {period}",
            ScopeKind.User => $"{account} {period} user {key.ScopeId}",
            _ => $"{account} {period}",
        };
    }
}
