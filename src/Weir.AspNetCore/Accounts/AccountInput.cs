using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>From the bodies of account calls to what the engine understands; what is wrong is refused with its place.</summary>
internal static class AccountInput
{
    private const int MostExternalIds = 20;
    private const int FirstYear = 1970;
    private const int LastYear = 9000;

    public static AccountChange ChangeOf(PutAccountBody body) => new()
    {
        Plan = body.Plan is null ? null : Texts.CatalogName(body.Plan, "/plan", "The key of a plan"),
        Zone = body.TimeZone is null ? null : Zone(body.TimeZone, "/timeZone"),
        Anchor = body.Anchor is null ? null : Anchor(body.Anchor),
        Suspended = body.Suspended,
    };

    public static SubscriptionChange SubscriptionOf(PutSubscriptionBody body) => new(Texts.CatalogName(body.Plan, "/plan", "The key of a plan"))
    {
        When = body.When switch
        {
            null or "immediate" => PlanStart.Immediate,
            "next_period" => PlanStart.NextPeriod,
            _ => throw Texts.Wrong("/when", "'when' is immediate or next_period."),
        },
        Pin = body.Pin,
        Until = body.Until is { } until ? Clock.Truncate(until) : null,
        Then = body.Then is null ? null : Texts.CatalogName(body.Then, "/then", "The key of a plan"),
    };

    public static ProfileChange ProfileOf(PutAccountBody body)
    {
        if (body.ExternalIds is { } ids)
        {
            if (ids.Count > MostExternalIds)
            {
                throw Texts.Wrong("/externalIds", $"An account has at most {MostExternalIds} external ids.");
            }

            foreach ((string system, string id) in ids)
            {
                string place = Texts.Below("/externalIds", system);
                Texts.CatalogName(system, place, "The name of a system");
                if (id is null || id.Length == 0 || !DisplayName.IsValid(id))
                {
                    throw Texts.Wrong(place, $"An external id is 1 to 255 characters, {DisplayName.Form}.");
                }
            }
        }

        return new ProfileChange { Name = Texts.Display(body.Name, "/name"), ExternalIds = body.ExternalIds };
    }

    public static LimitOverride OverrideOf(PutOverrideBody body, Meter meter) => new(
        meter.Key,
        body.Scope is null ? ScopeKind.Account : Scope(body.Scope, message => Texts.Wrong("/scope", message)),
        body.Per is null ? null : PerOf(body.Per, message => Texts.Wrong("/per", message)),
        body.Limit is { } limit ? Limit(limit, meter) : null,
        body.Until,
        Texts.Display(body.Reason, "/reason"));

    /// <param name="wrong">Makes the problem with its place.</param>
    public static ScopeKind Scope(string text, Func<string, ProblemException> wrong) => text switch
    {
        "account" => ScopeKind.Account,
        "user" => ScopeKind.User,
        "campaign" => ScopeKind.Campaign,
        "key" => ScopeKind.Key,
        _ => throw wrong("The scope is one of account, user, campaign, key."),
    };

    public static Per PerOf(string text, Func<string, ProblemException> wrong) =>
        PerNames.TryParse(text, out Per per) ? per : throw wrong($"'per' is one of {string.Join(", ", PerNames.All)}.");

    public static DateTimeZone Zone(string text, string pointer) =>
        DateTimeZoneProviders.Tzdb.GetZoneOrNull(text) ?? throw Texts.Wrong(pointer,
            $"'{Texts.Shown(text)}' is not a time zone of the TZDB{NearestName.Suggestion(text, DateTimeZoneProviders.Tzdb.Ids)}; write one such as Europe/Berlin or Africa/Nairobi.");

    private static LocalDateTime Anchor(string text)
    {
        ParseResult<LocalDateTime> parsed = LocalDateTimePattern.ExtendedIso.Parse(text);
        return parsed.Success && parsed.Value.Year is >= FirstYear and <= LastYear
            ? parsed.Value
            : throw Texts.Wrong("/anchor", $"An anchor is a local date and time of the account's zone in the years {FirstYear} to {LastYear}, without an offset, such as 2026-01-31T09:00:00.");
    }

    private static Quantity Limit(decimal limit, Meter meter)
    {
        if (limit < 0)
        {
            throw new ProblemException(Problem.Of(new Failure(Refusal.NegativeQuantity, "/limit", "A limit is 0 or more: 0 blocks, null is unlimited.")));
        }

        decimal largest = Quantity.LargestLimitUnits / Decimals.PowerOfTen(meter.Scale);
        if (limit > largest)
        {
            throw new ProblemException(Problem.Of(new Failure(Refusal.QuantityOverflow, "/limit", $"The largest limit of '{meter.Key}' is {Decimals.Normalize(largest)}; null is unlimited.")));
        }

        decimal units = limit * Decimals.PowerOfTen(meter.Scale);
        return units == decimal.Truncate(units)
            ? new Quantity((long)units)
            : throw new ProblemException(Problem.Of(new Failure(Refusal.TooManyDecimals, "/limit", $"'{meter.Key}' has at most {meter.Scale} decimal places.")));
    }
}
