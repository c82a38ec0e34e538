using NodaTime;

namespace Weir;

internal sealed class MemoryPortalTokens(MemoryStore store) : IPortalTokenStore
{
    public ValueTask<PortalToken?> FindAsync(WorkspaceId workspace, string id, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult(store.Of(workspace).PortalTokens.GetValueOrDefault(id));
        }
    }

    public ValueTask<IReadOnlyList<PortalToken>> ListAsync(WorkspaceId workspace, PortalTokenFilter filter, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult<IReadOnlyList<PortalToken>>(
            [
                .. store.Of(workspace).PortalTokens.Values
                    .Where(token => filter.Account is null || token.Account == filter.Account)
                    .Where(token => filter.Before is not { } before || Compare(token, before) < 0)
                    .OrderByDescending(token => token.CreatedAt)
                    .ThenByDescending(token => token.Id, StringComparer.Ordinal)
                    .Take(filter.Limit),
            ]);
        }
    }

    public ValueTask<bool> AddAsync(WorkspaceId workspace, PortalToken token, Instant forgetBefore, AuditEntry audit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (found.Erasures.HasErased(token.Account))
            {
                return ValueTask.FromResult(false);
            }

            foreach (string old in found.PortalTokens.Values.Where(known => known.ExpiresAt < forgetBefore).Select(known => known.Id).ToList())
            {
                found.PortalTokens.Remove(old);
            }

            found.PortalTokens.Add(token.Id, token);
            found.Add(audit, store.Now());
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<bool> RevokeAsync(WorkspaceId workspace, string id, AuditEntry audit, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            MemoryWorkspace found = store.Of(workspace);
            if (!found.PortalTokens.TryGetValue(id, out PortalToken? token))
            {
                return ValueTask.FromResult(false);
            }

            if (token.RevokedAt is null)
            {
                found.PortalTokens[id] = token with { RevokedAt = store.Now() };
                found.Add(audit, store.Now());
            }

            return ValueTask.FromResult(true);
        }
    }

    private static int Compare(PortalToken token, (Instant CreatedAt, string Id) place) =>
        token.CreatedAt != place.CreatedAt ? token.CreatedAt.CompareTo(place.CreatedAt) : string.CompareOrdinal(token.Id, place.Id);
}
