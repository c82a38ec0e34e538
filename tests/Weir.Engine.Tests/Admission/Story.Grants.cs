using System.Globalization;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>
/// Grants in a story: <c>grant a credits 50 as gift</c>, with <c>per</c>, <c>priority</c>, <c>start</c>, <c>expiry</c>, <c>recurs</c>,
/// <c>max</c> and <c>min</c>, and the word <c>before</c> for one that is drawn before the plan; <c>end gift</c> takes it back and
/// <c>left gift</c> tells how it stands. An account's periods open with whatever row comes first in them, as they do with the first
/// command; <c>open a</c> shows what that gave.
/// </summary>
internal sealed partial class Story
{
    private const long FirstGrant = 1_000;

    private readonly Dictionary<string, (string Account, long Number)> _grants = [];
    private long _nextGrant = FirstGrant;

    private (string, string) GrantTo(string account, Arguments arguments)
    {
        AccountState state = AccountOf(account);
        string meter = arguments.Words[0];
        int scale = _book.Active.Meters.GetValueOrDefault(meter)?.Scale ?? 0;
        Quantity Amount(string text) => new((long)(decimal.Parse(text, CultureInfo.InvariantCulture) * Decimals.PowerOfTen(scale)));
        GrantTerms terms = new()
        {
            Meter = meter,
            Scale = scale,
            Per = arguments["per"] is { } per ? PeriodText.Per(per) : null,
            Amount = Amount(arguments.Words[1]),
            Priority = arguments["priority"] is { } priority ? int.Parse(priority, CultureInfo.InvariantCulture) : GrantTerms.UsualPriority,
            Start = arguments["start"] is { } start ? StoryText.Instant(start) : _now,
            End = arguments["expiry"] is { } expiry ? StoryText.Instant(expiry) : Instant.MaxValue,
            BeforePlan = arguments.Words.Contains("before"),
            Recurrence = arguments["recurs"] is { } recurs ? PeriodText.Per(recurs) : null,
            Rollover = arguments["max"] is null && arguments["min"] is null ? null
                : new GrantRollover(arguments["max"] is { } max and not "all" ? Amount(max) : null, Amount(arguments["min"] ?? "0")),
        };
        long number = _nextGrant++;
        Decision decision = Granting.Decide(state, _workspace, _book, new Give(terms, number, _now, "agreed", "ops"));
        if (arguments.Label is { } label && decision.Entry is not null)
        {
            _grants.Add(label, (account, number));
        }

        (string answer, string figures) = Decided(account, null, null, decision);
        return (answer, figures);
    }

    private (string, string) End(string label, Arguments arguments)
    {
        Assert.Empty(arguments.Words);
        (string account, long number) = _grants[label];
        return Decided(account, null, null, Granting.Decide(AccountOf(account), _workspace, _book, new EndGrant(number, _now, "mistaken", "ops")));
    }

    private (string, string) Left(string label)
    {
        (string account, long number) = _grants[label];
        AccountState state = AccountOf(account);
        if (!state.Grants.TryGetValue(number, out Grant? grant))
        {
            return ("gone", "");
        }

        string Of(Quantity quantity) => quantity.ToDecimal(grant.Terms.Scale).ToString(CultureInfo.InvariantCulture);
        Quantity held = GrantRules.HeldOf(state, grant, _now);
        return ("", $"{Of(GrantRules.LeftOf(state, grant, _now))} left, {Of(grant.Drawn)} drawn" + (held.IsZero ? "" : $", {Of(held)} held"));
    }

    private (string, string) Open(string account)
    {
        Opened opened = Opened(account, _accounts[account]);
        return (opened.Entries.IsEmpty ? "nothing" : "opened", string.Join("; ", opened.Entries.Select(entry =>
            $"{entry.Grant!.Meter}/{entry.Grant.Per!.Value.Name()} {entry.Grant.Amount.ToDecimal(entry.Grant.Scale)} until {StoryText.Show(entry.Grant.End)}")));
    }

    private Opened Opened(string account, AccountState state)
    {
        Opened opened = Opening.Of(state, _workspace, _book, _now, _nextGrant);
        _nextGrant += opened.Entries.Length;
        Assert.Equal(state.Account.Version + opened.Entries.Length, opened.Account.Account.Version);
        Assert.Empty(Opening.Of(opened.Account, _workspace, _book, _now, _nextGrant).Entries.Where(_ => !opened.Entries.IsEmpty));
        _accounts[account] = opened.Account;
        return opened;
    }
}
