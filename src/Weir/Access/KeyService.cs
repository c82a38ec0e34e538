using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Who calls: a workspace and what the key or the portal token may do there.</summary>
/// <param name="Scopes">None for a portal token: endpoints let it in one by one.</param>
/// <param name="KeyId">The public part, for logs and as the actor of changes.</param>
public sealed record Caller(Workspace Workspace, KeyScopes Scopes, string KeyId)
{
    /// <summary>An admin of the workspace <c>default</c> runs the server and may manage workspaces.</summary>
    public bool IsOperator => Scopes.HasFlag(KeyScopes.Admin) && Workspace.Key == Workspace.DefaultKey;

    /// <summary>The key's name, for the audit log; null for the admin key of the environment.</summary>
    public string? KeyName { get; init; }

    /// <summary>What a portal token is held to; null for a key.</summary>
    public PortalIdentity? Portal { get; init; }

    /// <summary>Who the audit log says it was.</summary>
    public AuditActor Actor => Portal is null ? AuditActor.OfKey(KeyId, KeyName) : AuditActor.OfPortalToken(Portal.TokenId);

    public bool Has(KeyScopes scope) => Scopes.HasFlag(KeyScopes.Admin) || Scopes.HasFlag(scope);
}

/// <summary>
/// Keys: <c>weir_live_{workspace}_{id}_{secret}</c> or <c>weir_test_…</c>. The secret is 256 random bits, shown once and stored as its SHA-256.
/// </summary>
public sealed class KeyService(IWeirStore store, TimeProvider time)
{
    /// <summary>The shortest text that may serve as the first admin key.</summary>
    public const int ShortestAdminKey = 32;

    private const int IdBytes = 8;
    private const int SecretBytes = 32;
    private const int LongestText = 256;

    /// <summary>
    /// How long a key that was found is trusted while the store cannot tell of a revocation on another node; one on this node acts at once.
    /// </summary>
    private static readonly TimeSpan s_unwatched = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (Caller Caller, Freshness Freshness)> _known = new(StringComparer.Ordinal);
    private byte[]? _adminKeyHash;
    private int _forgotten;

    /// <summary>Lets any text of at least 32 characters act as an admin key of the workspace <c>default</c>, without storing it.</summary>
    /// <exception cref="ArgumentException">It is too short.</exception>
    public void UseAdminKey(string text)
    {
        if (text.Length < ShortestAdminKey)
        {
            throw new ArgumentException($"WEIR_ADMIN_KEY must have at least {ShortestAdminKey} characters; it has {text.Length}.", nameof(text));
        }

        _adminKeyHash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        Forget();
    }

    /// <summary>Makes a key. The text is given only here.</summary>
    public async ValueTask<(ApiKey Key, string Text)> CreateAsync(
        Workspace workspace, string name, bool live, KeyScopes scopes, AuditActor actor, CancellationToken cancellationToken)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        string secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        ApiKey key = new(id, name, live, scopes, Digest.Of(secret), Now(), null);
        AuditEntry audit = new(actor, AuditActions.KeyCreated, new AuditTarget("key", id))
        {
            After = new JsonObject { ["name"] = name, ["live"] = live, ["scopes"] = scopes.ToString().ToLowerInvariant() },
        };
        await store.Keys.AddAsync(workspace.Id, key, audit, cancellationToken);
        return (key, $"weir_{(live ? "live" : "test")}_{workspace.Key}_{id}_{secret}");
    }

    public ValueTask<IReadOnlyList<ApiKey>> ListAsync(WorkspaceId workspace, CancellationToken cancellationToken) => store.Keys.ListAsync(workspace, cancellationToken);

    /// <summary>A revoked key is refused from its next request on. False when there is no such key.</summary>
    public async ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditActor actor, CancellationToken cancellationToken)
    {
        bool found = await store.Keys.RevokeAsync(workspace, id, new AuditEntry(actor, AuditActions.KeyRevoked, new AuditTarget("key", id)), cancellationToken);
        Forget();
        return found;
    }

    /// <summary>Lets every key and token be read from the store again: something was revoked.</summary>
    internal void Forget()
    {
        Interlocked.Increment(ref _forgotten);
        _known.Clear();
    }

    /// <summary>Who the text of a key or a portal token stands for, or null. Secrets are compared in fixed time.</summary>
    public async ValueTask<Caller?> AuthenticateAsync(string text, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(text, out (Caller Caller, Freshness Freshness) known)
            && known.Freshness.Holds(store.Changes, known.Caller.Workspace.Id, Remembered.Keys, time, s_unwatched))
        {
            return known.Caller.Portal is { } portal && Now() >= portal.ExpiresAt ? null : known.Caller;
        }

        int forgotten = Volatile.Read(ref _forgotten);
        if (await WorkspaceOfAsync(text, cancellationToken) is not { } workspace)
        {
            return null;
        }

        Freshness freshness = Freshness.Of(store.Changes, workspace.Id, Remembered.Keys, time);
        Caller? caller = await FindAsync(workspace, text, cancellationToken);
        // What was revoked while it was read is not remembered.
        if (caller is not null && forgotten == Volatile.Read(ref _forgotten))
        {
            if (_known.Count > 10_000)
            {
                _known.Clear();
            }

            _known[text] = (caller, freshness);
        }

        return caller;
    }

    private Instant Now() => Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));

    /// <summary>The workspace that a text is about, or null when it is no text of a key.</summary>
    private async ValueTask<Workspace?> WorkspaceOfAsync(string text, CancellationToken cancellationToken) =>
        IsAdminKey(text) ? await store.Workspaces.FindAsync(Workspace.DefaultKey, cancellationToken)
        : Parts(text) is { } parts ? await store.Workspaces.FindAsync(parts[2], cancellationToken)
        : null;

    private async ValueTask<Caller?> FindAsync(Workspace workspace, string text, CancellationToken cancellationToken)
    {
        if (IsAdminKey(text))
        {
            return new Caller(workspace, KeyScopes.Admin, "admin");
        }

        if (Parts(text) is not { } parts)
        {
            return null;
        }

        if (parts[1] == PortalTokenService.Kind)
        {
            return await PortalTokenService.FindAsync(store, workspace.Id, parts[3], parts[4], Now(), cancellationToken) is { } portal
                ? new Caller(workspace, KeyScopes.None, portal.TokenId) { Portal = portal }
                : null;
        }

        if (await store.Keys.FindAsync(workspace.Id, parts[3], cancellationToken) is not { } key)
        {
            return null;
        }

        bool matches = CryptographicOperations.FixedTimeEquals(key.Hash.ToArray(), Digest.Of(parts[4]).ToArray());
        return matches && key.RevokedAt is null && key.Live == (parts[1] == "live") ? new Caller(workspace, key.Scopes, key.Id) { KeyName = key.Name } : null;
    }

    private bool IsAdminKey(string text) =>
        _adminKeyHash is { } admin && text.Length >= ShortestAdminKey && CryptographicOperations.FixedTimeEquals(admin, SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>weir, the kind, the workspace, the id and the secret, which may itself contain '_'; null when it is no text of a key.</summary>
    private static string[]? Parts(string text) =>
        text.Length <= LongestText && text.Split('_', 5) is ["weir", "live" or "test" or PortalTokenService.Kind, _, _, _] parts && Workspace.IsValidKey(parts[2]) ? parts : null;
}
