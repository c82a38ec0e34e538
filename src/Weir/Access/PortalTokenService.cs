using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Portal tokens: <c>weir_portal_{workspace}_{id}_{secret}</c>, short-lived and revocable. The secret is 256 random bits, shown once and
/// stored as its SHA-256.
/// </summary>
public sealed class PortalTokenService(IWeirStore store, KeyService keys, TimeProvider time)
{
    internal const string Kind = "portal";

    private const int IdBytes = 8;
    private const int SecretBytes = 32;

    public static readonly Duration ShortestLife = Duration.FromMinutes(1);

    public static readonly Duration LongestLife = Duration.FromHours(24);

    public static readonly Duration DefaultLife = Duration.FromHours(1);

    /// <summary>How long a token that has expired is still listed.</summary>
    private static readonly Duration s_keep = Duration.FromDays(7);

    /// <summary>Makes a token for an account. The text is given only here. Null when there is no such account.</summary>
    /// <param name="life">From <see cref="ShortestLife"/> to <see cref="LongestLife"/>.</param>
    public async ValueTask<(PortalToken Token, string Text)?> CreateAsync(
        Workspace workspace, AccountKey account, string? user, Duration life, AuditActor actor, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(life, ShortestLife);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(life, LongestLife);
        if (await store.Ledger.ReadStateAsync(workspace.Id, account, cancellationToken) is not { } state)
        {
            return null;
        }

        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        string secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        PortalToken token = new(id, state.Account.Id, user, Digest.Of(secret), now, now + life, null);
        AuditEntry audit = new(actor, AuditActions.PortalTokenCreated, new AuditTarget("portal_token", id))
        {
            // The user is personal data.
            After = new JsonObject { ["account"] = $"{token.Account}", ["expiresAt"] = InstantPattern.ExtendedIso.Format(token.ExpiresAt), ["forUser"] = user is not null },
        };
        return await store.PortalTokens.AddAsync(workspace.Id, token, now - s_keep, audit, cancellationToken)
            ? (token, $"weir_{Kind}_{workspace.Key}_{id}_{secret}")
            : null;
    }

    public ValueTask<IReadOnlyList<PortalToken>> ListAsync(WorkspaceId workspace, PortalTokenFilter filter, CancellationToken cancellationToken) =>
        store.PortalTokens.ListAsync(workspace, filter, cancellationToken);

    /// <summary>A revoked token is refused from its next request on. False when there is no such token.</summary>
    public async ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditActor actor, CancellationToken cancellationToken)
    {
        AuditEntry audit = new(actor, AuditActions.PortalTokenRevoked, new AuditTarget("portal_token", id));
        bool found = await store.PortalTokens.RevokeAsync(workspace, id, audit, cancellationToken);
        keys.Forget();
        return found;
    }

    /// <summary>Who a token stands for while it is neither expired nor revoked and its account exists.</summary>
    internal static async ValueTask<PortalIdentity?> FindAsync(IWeirStore store, WorkspaceId workspace, string id, string secret, Instant now, CancellationToken cancellationToken)
    {
        if (await store.PortalTokens.FindAsync(workspace, id, cancellationToken) is not { } token
            || !CryptographicOperations.FixedTimeEquals(token.Hash.ToArray(), Digest.Of(secret).ToArray())
            || token.RevokedAt is not null || now >= token.ExpiresAt)
        {
            return null;
        }

        IReadOnlyDictionary<long, AccountProfile> names = await store.Accounts.NamesAsync(workspace, [token.Account], cancellationToken);
        return names.TryGetValue(token.Account, out AccountProfile? profile) ? new PortalIdentity(token.Id, token.Account, profile.Key, token.User, token.ExpiresAt) : null;
    }
}
