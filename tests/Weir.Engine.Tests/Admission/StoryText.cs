using System.Globalization;

using NodaTime;
using NodaTime.Text;

namespace Weir.Engine.Tests;

/// <summary>How stories write times, values, and what became of a command.</summary>
internal static class StoryText
{
    private static readonly InstantPattern s_toTheMicrosecond = InstantPattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss.FFFFFF'Z'");
    private static readonly InstantPattern s_toTheMinute = InstantPattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm'Z'");
    private static readonly InstantPattern s_toTheDay = InstantPattern.CreateWithInvariantCulture("uuuu-MM-dd");

    public static Instant Instant(string text)
    {
        foreach (InstantPattern pattern in (InstantPattern[])[s_toTheDay, s_toTheMinute, s_toTheMicrosecond])
        {
            if (pattern.Parse(text) is { Success: true } parsed)
            {
                return parsed.Value;
            }
        }

        throw new FormatException($"'{text}' is not a time such as 2026-03-01, 2026-03-01T09:30Z or 2026-03-01T09:30:00.000001Z.");
    }

    /// <summary>The shortest of the three forms: a bare date is the start of that day in UTC.</summary>
    public static string Show(Instant instant)
    {
        InstantPattern pattern = instant.ToUnixTimeTicks() % NodaConstants.TicksPerDay == 0 ? s_toTheDay
            : instant.ToUnixTimeTicks() % NodaConstants.TicksPerMinute == 0 ? s_toTheMinute
            : s_toTheMicrosecond;
        return pattern.Format(instant);
    }

    /// <summary>A length of time: <c>90s</c>, <c>5m</c>, <c>72h</c>, <c>35d</c>, <c>1us</c>; several are added up.</summary>
    public static Duration Duration(string text)
    {
        Duration sum = NodaTime.Duration.Zero;
        foreach (string part in text.Split('+'))
        {
            string unit = part.TrimStart([.. "0123456789"]);
            int count = int.Parse(part.AsSpan(0, part.Length - unit.Length), CultureInfo.InvariantCulture);
            sum += unit switch
            {
                "us" => NodaTime.Duration.FromTicks(count * 10L),
                "s" => NodaTime.Duration.FromSeconds((long)count),
                "m" => NodaTime.Duration.FromMinutes((long)count),
                "h" => NodaTime.Duration.FromHours(count),
                "d" => NodaTime.Duration.FromDays(count),
                _ => throw new FormatException($"'{part}' is not a length of time such as 90s, 5m, 72h, 35d or 1us."),
            };
        }

        return sum;
    }

    /// <summary>A property as the table writes it: a number, true or false, JSON in braces or brackets, else a text.</summary>
    public static PropertyValue Value(string text) =>
        text is "true" or "false" ? PropertyValue.Of(text == "true")
        : text.StartsWith('{') || text.StartsWith('[') ? PropertyValue.OfJson(text)
        : text.StartsWith('\'') ? PropertyValue.Of(text.Trim('\''))
        : decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) ? PropertyValue.Of(number)
        : PropertyValue.Of(text);

    /// <summary>
    /// What a decision did: the balances that moved, as they stand now, then what was particular; of a denial every violation with its
    /// figures; of a failure the place in the request.
    /// </summary>
    public static string Figures(Decision decision, StoryNames names)
    {
        List<string> facts = [];
        if (decision.Entry is { } entry)
        {
            facts.AddRange(entry.Lines.Select(line => $"{Name(line.Key, names)} {Amount(line.Used, line.Limit, line.Scale)}{Held(line)}{From(line, names)}"));
            facts.AddRange(entry.Charges.Where(c => c.Trace.CutFrom is not null).Select(c => $"{c.Meter} cut from {c.Trace.CutFrom} to {c.Amount.ToDecimal(c.Scale)}"));
            facts.AddRange(entry.Charges.Where(c => c.Trace.ClampedFrom is not null).Select(c => $"{c.Meter} clamped from {c.Trace.ClampedFrom} to {c.Amount.ToDecimal(c.Scale)}"));
            facts.AddRange(entry.Reservation?.Slot is { } slot ? [$"slot {slot.Kind}#{slot.Fence}"] : []);
            facts.AddRange(Enum.GetValues<EntryFlags>().Where(flag => flag != EntryFlags.None && entry.Flags.HasFlag(flag)).Select(Name));
            facts.AddRange(entry.Observed.Select(violation => "warning " + Violation(violation, names)));
        }

        facts.AddRange(decision.Alerts.Select(alert => Alert(alert, names)));
        facts.AddRange(decision.Violations.Select(violation => Violation(violation, names)));
        if (decision.Advice is { } advice)
        {
            facts.Add(advice.Meter is null ? $"advice {advice.Plan}"
                : $"advice {advice.Plan} {advice.Meter} {advice.Limit?.ToDecimal(advice.Scale).ToString(CultureInfo.InvariantCulture) ?? "unlimited"}");
        }

        if (decision.Failure is { } failure)
        {
            facts.Add(Pointer(failure));
        }

        return string.Join("; ", facts);
    }

    /// <summary>Where an entry's line came from, in the order of drawing: <c>(plan 40, gift 10)</c>; what is held says so.</summary>
    private static string From(EntryLine line, StoryNames names) => line.Draws.IsEmpty ? "" : $" ({string.Join(", ", line.Draws.Select(draw =>
        (draw.Grant == Draw.Plan ? "plan" : names.Grants.GetValueOrDefault(draw.Grant, "rollover"))
        + (draw.Used.IsZero ? "" : $" {draw.Used.ToDecimal(line.Scale)}")
        + (draw.Held.IsZero ? "" : $" held {draw.Held.ToDecimal(line.Scale)}")))})";

    public static string Pointer(Failure failure) => failure.Pointer.Length == 0 ? "/" : failure.Pointer;

    /// <summary>What is held, where the entry moved it or anything is.</summary>
    private static string Held(EntryLine line) =>
        line.Held.IsZero && line.HeldDelta.IsZero ? "" : $" held {line.Held.ToDecimal(line.Scale).ToString(CultureInfo.InvariantCulture)}";

    public static string Line(UsageLine line, StoryNames names) =>
        $"{Name(new BalanceKey(line.Limit.Scope, line.ScopeId, line.Limit.Meter.Key, line.Limit.Per, line.Period.Start), names)} "
        + Amount(line.Used, line.Limit.Limit, line.Limit.Meter.Scale)
        + (line.Held.IsZero ? "" : $" held {line.Held.ToDecimal(line.Limit.Meter.Scale)}")
        + (line.Remaining is { } left ? $" leaves {left.ToDecimal(line.Limit.Meter.Scale)} ({Decimals.Normalize(Math.Round(line.Percent!.Value, 2))} %)" : "")
        + (line.Overage > Quantity.Zero ? $" overage {line.Overage.ToDecimal(line.Limit.Meter.Scale)} costs {Decimals.Normalize(line.OverageCost?.Amount ?? 0)}" : "");

    /// <summary><c>pro@1; free from 2026-04-01; was starter until 2026-02-01</c>.</summary>
    public static string Plans(Account account, Instant now)
    {
        Account folded = SubscriptionRules.Fold(account, now);
        return string.Join("; ", folded.Planned.Select(change => $"{Name(change.Subscription)} from {Show(change.At)}")
            .Concat(folded.FormerPlans.Select(former => $"was {Name(former.Subscription)} until {Show(former.Until)}"))
            .Prepend(Name(account.SubscriptionAt(now))));
    }

    public static string Difference(LimitDifference limit) =>
        $"{limit.Meter.Key} {Of(limit.Before, limit.Meter)} -> {Of(limit.After, limit.Meter)}, used {limit.Used?.ToDecimal(limit.Meter.Scale)}{(limit.IsOver ? " over" : "")}";

    private static string Of(StandingLimit? limit, Meter meter) =>
        limit is not { } standing ? "none" : standing.Limit?.ToDecimal(meter.Scale).ToString(CultureInfo.InvariantCulture) ?? "unlimited";

    private static string Name(Subscription subscription) => subscription.PinnedVersion is { } version ? $"{subscription.Plan}@{version}" : subscription.Plan;

    public static string Kind(EntryKind kind, ConsumeMode mode) => kind switch
    {
        EntryKind.Usage => mode == ConsumeMode.Record ? "recorded" : "allowed",
        EntryKind.Reversal => "reversed",
        EntryKind.Adjustment => "adjusted",
        EntryKind.Grant => "granted",
        EntryKind.GrantEnd => "ended",
        EntryKind.Reservation => "held",
        EntryKind.Commit => "committed",
        EntryKind.Release => "released",
        EntryKind.Expiry => "expired",
        EntryKind.Growth => "grown",
        _ => "completed",
    };

    /// <summary><c>alert credits 80 %</c>; <c>#1</c> is the generation, 0 stays unsaid; an alert that is over says why.</summary>
    private static string Alert(AlertChange change, StoryNames names)
    {
        if (change is StuckJobChange job)
        {
            return $"alert job {job.Number}{job.Resolution switch { null => "", AlertResolution.Heard => " over: heard", _ => " over: ended" }}";
        }

        ThresholdChange alert = (ThresholdChange)change;

        (AlertBasis basis, decimal value) = alert.Threshold.Threshold;
        decimal amount = basis == AlertBasis.Percent ? value : value / Decimals.PowerOfTen(alert.Scale);
        string unit = basis switch { AlertBasis.Percent => "%", AlertBasis.Remaining => "left", _ => "used" };
        string generation = alert.Threshold.Generation == 0 ? "" : $" #{alert.Threshold.Generation}";
        string end = alert.Resolution switch
        {
            null => "",
            AlertResolution.LimitRaised => " over: limit raised",
            AlertResolution.Fell => " over: fell",
            _ => " over: not watched",
        };
        return $"alert {Name(alert.Key, names)} {Decimals.Normalize(amount).ToString(CultureInfo.InvariantCulture)} {unit}{generation}{end}";
    }

    /// <summary><c>credits</c>, <c>credits/day</c>, <c>credits@user:ann</c>, <c>cost/calendar-day@workspace</c>.</summary>
    private static string Name(BalanceKey key, StoryNames names)
    {
        string scope = key.Scope switch
        {
            ScopeKind.Account => "",
            ScopeKind.Workspace => "@workspace",
            _ => $"@{key.Scope.Name()}{(key.ScopeId == 0 ? "" : ":" + names.Scopes[(int)key.ScopeId])}",
        };
        return key.Meter + PerName(key.Meter, key.Per, names) + scope;
    }

    private static string Name(EntryFlags flag) => flag == EntryFlags.OverLimit ? "over limit" : flag == EntryFlags.AfterExpiry ? "after expiry" : flag.ToString().ToLowerInvariant();

    private static string Amount(Quantity used, Quantity? limit, int scale) =>
        limit is { } known ? $"{used.ToDecimal(scale)} of {known.ToDecimal(scale)}" : $"{used.ToDecimal(scale)}";

    /// <summary>The per that a meter has by itself, a level's lifetime and a sum's month, stays unsaid.</summary>
    private static string PerName(string? meter, Per? per, StoryNames names) =>
        per is not { } known || known == LimitRules.DefaultPer(names.Meters[meter!]) ? "" : "/" + known.Name();

    private static string Violation(Violation v, StoryNames names)
    {
        string scope = v.Scope == ScopeKind.Account ? "" : "@" + v.Scope.Name();
        string per = PerName(v.Meter, v.Per, names);
        string resets = v.ResetsAt is { } at ? $" until {Show(at)}" : "";
        return v.Reason switch
        {
            Refusal.AccountSuspended => "suspended",
            Refusal.FeatureNotInPlan => $"no feature {v.Name}",
            Refusal.RequestLimitExceeded => $"{v.Name} {v.RequestLimit}, given {v.RequestValue}",
            Refusal.NoSlot => $"no slot {v.Name}{scope}, {Of(v.Used)} of {Of(v.Limit)}{resets}",
            Refusal.ExceedsReservation => $"{v.Meter}{per}{scope} wants {Of(v.Requested)}, held {Of(v.Held)}",
            Refusal.RateLimited => $"rate {v.Name}{scope} wants {Of(v.Requested)}, used {Of(v.Used)} of {Of(v.Limit)}, leaves {Of(v.Remaining)}{resets}",
            _ => $"{v.Meter}{per}{scope} wants {Of(v.Requested)}, used {Of(v.Used)}{(v.Held is null or { IsZero: true } ? "" : $", held {Of(v.Held)}")}{(v.Limit is null ? "" : $" of {Of(v.Limit)}")}{(v.Remaining is null ? "" : $", leaves {Of(v.Remaining)}")}{resets}",
        };

        string Of(Quantity? quantity) => quantity!.Value.ToDecimal(v.Scale).ToString(CultureInfo.InvariantCulture);
    }
}

/// <summary>What a story calls things by.</summary>
internal sealed record StoryNames(IReadOnlyDictionary<string, Meter> Meters, IReadOnlyList<string> Scopes, IReadOnlyDictionary<long, string> Grants);
