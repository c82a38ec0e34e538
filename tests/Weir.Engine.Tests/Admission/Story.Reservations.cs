using System.Globalization;

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Reservations in a story: what is not given is as the API fills it.</summary>
internal sealed partial class Story
{
    private readonly Dictionary<string, long> _numbers = [];

    private (string, string) Reserve(string account, Arguments arguments)
    {
        AccountState state = AccountOf(account);
        if (Rated(arguments.Words[0], arguments, null, _book.Active, out Failure? failure) is not { } rated)
        {
            return (failure!.Refusal.Code(), StoryText.Pointer(failure));
        }

        long number = _numbers.Count + 1;
        _numbers.Add(arguments.Label ?? $"#{number}", number);
        Consume wish = new()
        {
            Rated = rated,
            Mode = ConsumeMode.Enforce,
            HostEnforcement = _host,
            Now = _now,
            Scopes = new Scopes(ScopeId(arguments["user"]), ScopeId(arguments["campaign"]), ScopeId(arguments["key"])),
            TakesSlot = true,
            IsBehindQueue = arguments["queue"] is not null,
        };
        return Decided(account, arguments.Label, null, Reservations.Decide(state, _workspace, _book, new Reserve(wish, number, Ttl(arguments), $"lease-{number}")));
    }

    private (string, string) Settle(string verb, string label, Arguments arguments)
    {
        Entry original = _entries[label];
        string account = NameOf(original);
        AccountState state = AccountOf(account);
        Catalog catalog = _catalogs[original.CatalogVersion];
        long target = _numbers[label];
        long? fence = arguments["fence"] is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
        Decision decision;
        switch (verb)
        {
            case "commit":
                RatedEvent? rated = arguments.Properties.Entries.IsEmpty && arguments["cost"] is null ? null : Rated(original.Type!, arguments, original, catalog, out _);
                Overrun overrun = Enum.Parse<Overrun>(arguments["overrun"] ?? "reject", ignoreCase: true);
                EventType type = catalog.Events[original.Type!];
                decision = Reservations.Decide(state, _workspace, _book,
                    new Commit(original, target, [.. _later[label]], rated, type, overrun, type.LateCommit, fence, _now) { HostEnforcement = _host });
                break;
            case "release":
                decision = Reservations.Decide(state, _workspace, _book, new Release(original, target, [.. _later[label]], fence, _now, null));
                break;
            case "grow":
                decision = Reservations.Decide(state, _workspace, _book,
                    new Grow(original, target, [.. _later[label]], Rated(original.Type!, arguments, original, catalog, out _)!, fence, _now) { HostEnforcement = _host });
                break;
            case "expire":
                Assert.False(state.Holds.Find(target)!.IsLiveAt(_now), "Only what has expired is tidied.");
                decision = Reservations.Expire(state, _workspace, _book, state.Holds.Find(target)!, _now);
                break;
            default:
                decision = Reservations.Decide(state, _workspace, new Extend(original, target, [.. _later[label]], Ttl(arguments), fence, null, _now));
                break;
        }

        (string answer, string figures) = Decided(account, null, label, decision);
        return verb == "extend" && decision.Refusal == Refusal.None
            ? ("held", $"until {StoryText.Show(decision.Account.Holds.Find(target)!.ExpiresAt)}")
            : (answer, figures);
    }

    /// <summary>As many open reservations as an account may have, none of which holds anything.</summary>
    private void Crowd(string account)
    {
        AccountState state = AccountOf(account);
        HoldSet holds = state.Holds;
        for (int i = 1; i <= Reservations.MostOpen; i++)
        {
            holds = holds.Set(new Hold(-i) { Type = "use", CreatedAt = _now, ExpiresAt = _now + Reservations.LongestTtl, HeartbeatAt = _now });
        }

        _accounts[account] = state with { Holds = holds };
    }

    private static Duration Ttl(Arguments arguments) => arguments["ttl"] is { } ttl ? StoryText.Duration(ttl) : Reservations.DefaultTtl;
}
