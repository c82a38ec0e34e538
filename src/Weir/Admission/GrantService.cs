using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What somebody gives an account.</summary>
public sealed record GrantRequest
{
    public required string Meter { get; init; }

    /// <summary>In the meter's unit.</summary>
    public required decimal Amount { get; init; }

    /// <summary>The balance that it adds to; null for the longest of the whole account.</summary>
    public Per? Per { get; init; }

    /// <summary>Lower ones are drawn first.</summary>
    public int Priority { get; init; } = GrantTerms.UsualPriority;

    /// <summary>Null: at once.</summary>
    public Instant? Start { get; init; }

    /// <summary>Null for never.</summary>
    public Instant? Expiry { get; init; }

    public bool BeforePlan { get; init; }

    public Per? Recurrence { get; init; }

    public RolloverRequest? Rollover { get; init; }

    public string? Reason { get; init; }
}

/// <summary>In the meter's unit.</summary>
public sealed record RolloverRequest(decimal? Max, decimal Min);

/// <summary>Where a grant stands in its life.</summary>
public enum GrantStatus
{
    /// <summary>Its start lies ahead.</summary>
    Scheduled,

    /// <summary>It gives.</summary>
    Active,

    /// <summary>It runs, and nothing is left of it; what returns, and its next period, fill it again.</summary>
    UsedUp,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>It was taken back.</summary>
    Ended,
}

/// <summary>A grant as it is looked at.</summary>
/// <param name="Id">The id that it was given under; null after an erase.</param>
/// <param name="Number">The sequence number of its entry.</param>
/// <param name="Left">What can be drawn now.</param>
/// <param name="Drawn">All that it ever gave for use, without what returned.</param>
/// <param name="EndedAt">When it was taken back, or null.</param>
public sealed record GrantView(
    string? Id, long Number, GrantTerms Terms, Instant GivenAt, string? Reason, string? Actor, GrantStatus Status, Quantity Left, Quantity Drawn, Quantity Held, Instant? EndedAt);

/// <summary>Gives accounts extra allowance, takes it back, and tells what became of it (GRANT-1 to GRANT-3).</summary>
public sealed class GrantService(IWeirStore store, GroupCommit commits, TimeProvider time)
{
    public const int MostDraws = 1_000;

    /// <param name="actor">Who grants, as the request says; null where it does not.</param>
    /// <param name="caller">Stands in the entry where the request names no actor. A repeat may come from another caller (ID-4).</param>
    public async Task<Outcome> GiveAsync(
        WorkspaceId workspace, EventId id, AccountKey account, GrantRequest request, string? actor, AuditActor caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return await commits.SubmitAsync(
            new GiveCommand
            {
                Workspace = workspace,
                Account = account,
                IdText = id.Value,
                Id = Digest.Of(id.Value),
                Fingerprint = Fingerprint.OfGrant(account, request, actor),
                Request = request,
                Actor = actor ?? caller.Label,
                AuditActor = caller,
            },
            cancellationToken);
    }

    /// <summary>Ends a grant now: nothing more is drawn of it; what was drawn or is held stays. A repeat changes nothing.</summary>
    public async Task<Outcome> EndAsync(WorkspaceId workspace, AccountKey account, EventId id, AuditActor caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return await commits.SubmitAsync(
            new EndGrantCommand
            {
                Workspace = workspace,
                Account = account,
                IdText = id.Value,
                Target = Digest.Of(id.Value),
                Actor = caller.Label,
                AuditActor = caller,
            },
            cancellationToken);
    }

    /// <summary>
    /// The grants that an account's state has: those that give or will, and those that have given in a period that is not closed; in the
    /// order in which they were given. Null when there is no such account.
    /// </summary>
    /// <param name="after">Those after this number.</param>
    public async ValueTask<IReadOnlyList<GrantView>?> ListAsync(WorkspaceId workspace, AccountKey account, long after, int limit, CancellationToken cancellationToken)
    {
        if (await store.Ledger.ReadStateAsync(workspace, account, cancellationToken) is not { } state)
        {
            return null;
        }

        Instant now = Now();
        Grant[] page = [.. state.Grants.Values.Where(grant => grant.Number > after).OrderBy(grant => grant.Number).Take(limit)];
        IReadOnlyDictionary<long, EntryHistory> entries = await store.Ledger.ReadEntriesAsync(workspace, [.. page.Select(grant => grant.Number)], cancellationToken);
        return [.. page.Select(grant => Of(entries[grant.Number].Entry, state, grant, now))];
    }

    /// <summary>A grant of an account by the id that it was given under, also long after its end; null when there is none.</summary>
    public async ValueTask<GrantView?> FindAsync(WorkspaceId workspace, AccountKey account, EventId id, CancellationToken cancellationToken)
    {
        if (await store.Ledger.FindAsync(workspace, id, cancellationToken) is not { Entry.Kind: EntryKind.Grant } record || record.Account != account
            || await store.Ledger.ReadStateAsync(workspace, account, cancellationToken) is not { } state)
        {
            return null;
        }

        StoredEntry entry = new(record.Sequence, record.Entry, record.Details);
        if (state.Grants.TryGetValue(record.Sequence, out Grant? grant))
        {
            return Of(entry, state, grant, Now());
        }

        GrantTerms terms = record.Entry.Grant ?? throw new InvalidDataException($"Entry {record.Sequence} is a grant and says not of what.");
        IReadOnlyDictionary<long, EntryHistory> history = await store.Ledger.ReadEntriesAsync(workspace, [record.Sequence], cancellationToken);
        Instant? ended = history[record.Sequence].Later.FirstOrDefault(later => later.Entry.Kind == EntryKind.GrantEnd)?.Entry.At;
        Quantity drawn = await store.Ledger.SumDrawsAsync(workspace, record.Sequence, cancellationToken);
        return new GrantView(
            record.Details.Id, record.Sequence, terms, record.Entry.RecordedAt, record.Entry.Reason, record.Entry.Actor, ended is null ? GrantStatus.Expired : GrantStatus.Ended,
            Quantity.Zero, drawn, Quantity.Zero, ended);
    }

    /// <summary>What was drawn of a grant, and what returned to it, in the order of the ledger.</summary>
    /// <param name="after">Draws of entries after this number.</param>
    /// <param name="limit">1 to <see cref="MostDraws"/>.</param>
    public async ValueTask<IReadOnlyList<GrantDraw>> ReadDrawsAsync(WorkspaceId workspace, long grant, long after, int limit, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredEntry> entries = await store.Ledger.ReadDrawsAsync(workspace, grant, after, limit, cancellationToken);
        HashSet<long> targets = [.. entries.Where(entry => entry.Entry.Target is not null).Select(entry => entry.Entry.Target!.Value)];
        IReadOnlyDictionary<long, EntryHistory> events = await store.Ledger.ReadEntriesAsync(workspace, targets, cancellationToken);
        return
        [
            .. entries.Select(entry =>
            {
                (Quantity used, Quantity held) = GrantDraw.SumsOf(entry.Entry)[grant];
                return new GrantDraw(entry, entry.Entry.Target is { } target && events.TryGetValue(target, out EntryHistory? of) ? of.Entry : entry, used, held);
            }),
        ];
    }

    internal static Failure Unknown(string id) => new(Refusal.GrantNotFound, "", $"The account has no grant '{id}'.");

    internal static GrantStatus StatusOf(Grant grant, Quantity left, Instant now) =>
        grant.EndedAt is not null ? GrantStatus.Ended
        : now >= grant.Terms.End ? GrantStatus.Expired
        : now < grant.Terms.Start ? GrantStatus.Scheduled
        : left.IsZero ? GrantStatus.UsedUp
        : GrantStatus.Active;

    private static GrantView Of(StoredEntry entry, AccountState state, Grant grant, Instant now)
    {
        Quantity left = GrantRules.LeftOf(state, grant, now);
        return new GrantView(
            entry.Details.Id, grant.Number, grant.Terms, entry.Entry.RecordedAt, entry.Entry.Reason, entry.Entry.Actor, StatusOf(grant, left, now),
            left, grant.Drawn, GrantRules.HeldOf(state, grant, now), grant.EndedAt);
    }

    private Instant Now() => Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
}
