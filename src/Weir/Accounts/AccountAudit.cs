using System.Text.Json.Nodes;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>What the audit log says of a change of an account. Of names and external ids only that they changed, and of an override no reason: these are personal data or may hold some (PRIV-1).</summary>
internal static class AccountAudit
{
    /// <summary>An account that a call made; accounts that their first event makes are no change of configuration.</summary>
    public static AuditEntry Created(AuditActor actor, Account account) => new(actor, AuditActions.AccountCreated, AuditTarget.Account(account.Id))
    {
        After = SettingsOf(account, account.CreatedAt),
    };

    /// <param name="profile">The members of the profile that change.</param>
    public static AuditEntry Changed(AuditActor actor, Account before, Account after, IReadOnlyList<string> profile)
    {
        if (after.Overrides.Except(before.Overrides).FirstOrDefault() is { } set)
        {
            LimitOverride? replaced = before.Overrides.FirstOrDefault(o => (o.Meter, o.Scope, o.Per) == (set.Meter, set.Scope, set.Per));
            return new AuditEntry(actor, AuditActions.OverrideSet, AuditTarget.Account(after.Id)) { Before = replaced is null ? null : Of(replaced), After = Of(set) };
        }

        if (before.Overrides.Except(after.Overrides).FirstOrDefault() is { } removed)
        {
            return new AuditEntry(actor, AuditActions.OverrideRemoved, AuditTarget.Account(after.Id)) { Before = Of(removed) };
        }

        // A planned change that has acted since is nobody's doing now.
        JsonObject was = SettingsOf(before, after.DecidedAt);
        JsonObject now = SettingsOf(after, after.DecidedAt);
        foreach (string same in was.Select(member => member.Key).Where(name => JsonNode.DeepEquals(was[name], now[name])).ToList())
        {
            was.Remove(same);
            now.Remove(same);
        }

        if (profile.Count > 0)
        {
            now["profile"] = new JsonArray([.. profile.Select(name => (JsonNode)name)]);
        }

        return new AuditEntry(actor, AuditActions.AccountChanged, AuditTarget.Account(after.Id)) { Before = was.Count == 0 ? null : was, After = now };
    }

    private static JsonObject SettingsOf(Account account, Instant at)
    {
        Subscription subscription = account.SubscriptionAt(at);
        JsonObject settings = new()
        {
            ["plan"] = subscription.Plan,
            ["pinnedVersion"] = subscription.PinnedVersion,
            ["timeZone"] = account.Timeline.Latest.Zone.Id,
            ["anchor"] = LocalDateTimePattern.ExtendedIso.Format(account.Timeline.Latest.Anchor),
            ["suspended"] = account.Suspended,
        };
        if (AlertParts.WriteRules(account.AlertRules) is { } rules)
        {
            settings["alertRules"] = JsonNode.Parse(rules);
        }

        JsonArray planned = [.. account.Planned.Where(change => change.At > at).Select(change => (JsonNode)Of(change))];
        if (planned.Count > 0)
        {
            settings["planned"] = planned;
        }

        return settings;
    }

    private static JsonObject Of(PlannedChange change) => new()
    {
        ["at"] = InstantPattern.ExtendedIso.Format(change.At),
        ["plan"] = change.Subscription.Plan,
        ["pinnedVersion"] = change.Subscription.PinnedVersion,
    };

    /// <summary>Limits in smallest units, as they are stored: a later catalog cannot change what the record says.</summary>
    private static JsonObject Of(LimitOverride entry) => new()
    {
        ["meter"] = entry.Meter,
        ["scope"] = entry.Scope.ToString().ToLowerInvariant(),
        ["per"] = entry.Per?.Name(),
        ["limitUnits"] = entry.Limit?.Units,
        ["until"] = entry.Until is { } until ? InstantPattern.ExtendedIso.Format(until) : null,
    };
}
