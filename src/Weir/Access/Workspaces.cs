using System.Text.Json.Nodes;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>A workspace's number in its store. Hosts know it by its key.</summary>
public readonly record struct WorkspaceId(int Value);

/// <summary>One isolated customer of a server: its own catalog, accounts, keys and data.</summary>
/// <param name="Key">1–40 of a–z, 0–9 and '-', beginning with a letter.</param>
/// <param name="TimeZone">TZDB id; the default zone of its accounts and the zone of its own limits.</param>
public sealed record Workspace(WorkspaceId Id, string Key, string? Name, string TimeZone, Instant CreatedAt)
{
    /// <summary>The workspace of embedded use and of the operator of a server.</summary>
    public const string DefaultKey = "default";

    public const string KeyForm = "1 to 40 of a-z, 0-9 and '-', beginning with a letter";

    public static bool IsValidKey(string? key) =>
        key is { Length: >= 1 and <= 40 } && char.IsAsciiLetterLower(key[0]) && key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>What the audit log says of a new workspace.</summary>
    public static AuditEntry Created(AuditActor actor, string key, string timeZone) => new(actor, AuditActions.WorkspaceCreated, new AuditTarget("workspace", key))
    {
        After = new JsonObject { ["key"] = key, ["timeZone"] = timeZone },
    };

    /// <summary>The head under which the workspace's own limits are decided, as it stands before the first of them.</summary>
    public Account NewHead() => new()
    {
        Id = Account.WorkspaceHead,
        CreatedAt = CreatedAt,
        Plan = "",
        Timeline = Timeline.Starting(Schedule.StartingOn(CreatedAt, DateTimeZoneProviders.Tzdb[TimeZone])),
    };
}

/// <summary>The workspaces of a store. A new store has none.</summary>
public interface IWorkspaceStore
{
    ValueTask<Workspace?> FindAsync(string key, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<Workspace>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Makes a workspace with its head (<see cref="Workspace.NewHead"/>). Null when the key is taken.</summary>
    /// <param name="audit">The first record of the workspace's audit log.</param>
    ValueTask<Workspace?> CreateAsync(string key, string? name, string timeZone, AuditEntry audit, CancellationToken cancellationToken);
}
