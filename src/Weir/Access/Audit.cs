using System.Text.Json.Nodes;

using Weir.Engine;

namespace Weir;

/// <summary>Who made a change: <c>key:{id}</c>, <c>portal:{id}</c>, <c>host</c>, <c>cli</c>, or <c>host:{part}</c> for a part of the program that acts by itself.</summary>
public sealed record AuditActor
{
    /// <summary>The application that embeds Weir, by a call of its own code.</summary>
    public static readonly AuditActor Host = new("host", null);

    /// <summary>The command line, on the folder of a stopped server.</summary>
    public static readonly AuditActor Cli = new("cli", null);

    private AuditActor(string id, string? name)
    {
        Id = id;
        Name = name;
    }

    public string Id { get; }

    /// <summary>The name that a key had then.</summary>
    public string? Name { get; }

    /// <summary>The part after the colon, or the whole: how catalog versions call who brought them.</summary>
    public string Label => Id[(Id.IndexOf(':', StringComparison.Ordinal) + 1)..];

    public static AuditActor OfKey(string id, string? name) => new("key:" + id, string.IsNullOrEmpty(name) ? null : name);

    public static AuditActor OfPortalToken(string id) => new("portal:" + id, null);

    /// <summary>A part of the program, such as <c>closing</c> or <c>demo</c>, or the name of the file that it follows.</summary>
    public static AuditActor OfHost(string part) => DisplayName.IsValid(part) && part.Length > 0 ? new("host:" + part, null) : Host;

    /// <summary>As a store has it.</summary>
    public static AuditActor Stored(string id, string? name) => new(id, name);

    public override string ToString() => Id;
}

/// <summary>What a change was made to: a kind and an id, shown as <c>kind:id</c>. It is never personal data (PRIV-1).</summary>
public readonly record struct AuditTarget(string Kind, string Id)
{
    /// <param name="id">The account's random internal id; the host's key is personal data.</param>
    public static AuditTarget Account(long id) => new("account", id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public override string ToString() => $"{Kind}:{Id}";

    /// <summary>The reverse of <see cref="ToString"/>; null for a text without a kind.</summary>
    public static AuditTarget? Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? new AuditTarget(text[..colon], text[(colon + 1)..]) : null;
    }
}

/// <summary>
/// A change of configuration as the one who makes it describes it. It is given to the method that writes the change, and is written with
/// it or not at all; the store adds number, time and chain.
/// </summary>
/// <param name="Action">What was done, as <c>thing.done</c>; one of <see cref="AuditActions"/>.</param>
public sealed record AuditEntry(AuditActor Actor, string Action, AuditTarget Target)
{
    /// <summary>The members that changed, as they were; null for what is new. No secrets and no personal data: an erase does not reach it.</summary>
    public JsonObject? Before { get; init; }

    /// <summary>The members that changed, as they are now; null for what is gone. No secrets and no personal data.</summary>
    public JsonObject? After { get; init; }
}

/// <summary>The words of what can be done to a configuration.</summary>
public static class AuditActions
{
    public const string WorkspaceCreated = "workspace.created";
    public const string KeyCreated = "key.created";
    public const string KeyRevoked = "key.revoked";
    public const string CatalogChanged = "catalog.changed";
    public const string CatalogRolledBack = "catalog.rolled_back";
    public const string AccountCreated = "account.created";
    public const string AccountChanged = "account.changed";
    public const string AccountErased = "account.erased";
    public const string UserErased = "user.erased";
    public const string RetentionApplied = "retention.applied";
    public const string BalancesRepaired = "balances.repaired";
    public const string PeriodsClosed = "periods.closed";
    public const string OverrideSet = "override.set";
    public const string OverrideRemoved = "override.removed";
    public const string GrantGiven = "grant.given";
    public const string GrantEnded = "grant.ended";
    public const string PortalTokenCreated = "portal_token.created";
    public const string PortalTokenRevoked = "portal_token.revoked";
    public const string WebhookCreated = "webhook.created";
    public const string WebhookChanged = "webhook.changed";
    public const string WebhookSecretRotated = "webhook.secret_rotated";
    public const string WebhookDeleted = "webhook.deleted";
    public const string ContactsChanged = "contacts.changed";
}
