using System.Collections.Immutable;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>The current figures of one account.</summary>
/// <param name="CostMonth">Cost of the running month, in the catalog's currency.</param>
public sealed record AccountUsage(
    AccountProfile Profile, AccountState State, Catalog Catalog, Plan Plan, EnforcementMode Enforcement,
    ImmutableArray<UsageLine> Lines, Money CostMonth, Money CostLifetime, Instant AsOf)
{
    /// <summary>The lines that people look at: cost only where a limit stands on it.</summary>
    public IEnumerable<UsageLine> Balances => Lines.Where(line => line.Limit.Meter.Key != Meter.CostKey || line.Limit.Limit is not null);

    /// <summary>
    /// The limits that stand for the account now, in the order of the plan, those that only it has at the end; scoped ones once each,
    /// whether or not anybody has used them.
    /// </summary>
    public IEnumerable<StandingLimit> Limits => Plan.Allowances.Select(allowance => allowance.Meter)
        .Concat(State.Account.Overrides.Where(entry => Catalog.Meters.ContainsKey(entry.Meter)).Select(entry => Catalog.Meters[entry.Meter]))
        .DistinctBy(meter => meter.Key, StringComparer.Ordinal)
        .SelectMany(meter => LimitRules.OfMeter(Plan, State.Account, meter, AsOf).Where(limit => meter.Key != Meter.CostKey || limit.Limit is not null));
}

/// <summary>Reads what accounts have used and have left, from their balances alone (BAL-10).</summary>
public sealed class UsageService(IWeirStore store, CatalogService catalogs, WeirOptions options, TimeProvider time)
{
    /// <summary>Null when there is no such account.</summary>
    public async ValueTask<AccountUsage?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken)
    {
        AccountRecord? record = await store.Accounts.FindAsync(workspace, key, cancellationToken);
        return record is null ? null : await OfAsync(workspace, record, cancellationToken);
    }

    public async ValueTask<AccountUsage> OfAsync(WorkspaceId workspace, AccountRecord record, CancellationToken cancellationToken) =>
        (await OfAsync(workspace, [record], cancellationToken))[0];

    /// <summary>The figures of a page of accounts, without a read for each of them.</summary>
    public async ValueTask<IReadOnlyList<AccountUsage>> OfAsync(WorkspaceId workspace, IReadOnlyList<AccountRecord> records, CancellationToken cancellationToken)
    {
        int version = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
        IEnumerable<int> pinned = records.Where(record => record.State.Account.PinnedVersion is not null).Select(record => record.State.Account.PinnedVersion!.Value).Distinct();
        CatalogBook book = await catalogs.BookAsync(workspace, version, pinned, cancellationToken);
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        return [.. records.Select(record => Of(record, book, now))];
    }

    private AccountUsage Of(AccountRecord record, CatalogBook book, Instant now)
    {
        Plan plan = book.PlanOf(record.State.Account, now);
        ImmutableArray<UsageLine> lines = UsageView.Of(record.State, book, now);
        return new AccountUsage(
            record.Profile, record.State, book.CatalogOf(record.State.Account, now), plan, options.Enforcement ?? plan.Enforcement ?? book.Active.Enforcement,
            lines, Cost(lines, Per.Month), Cost(lines, Per.Lifetime), now);
    }

    /// <summary>The limits of the whole workspace and how far they are used.</summary>
    public async ValueTask<ImmutableArray<UsageLine>> OfWorkspaceAsync(WorkspaceId workspace, CancellationToken cancellationToken)
    {
        AccountState head = await store.Ledger.ReadWorkspaceStateAsync(workspace, cancellationToken);
        CatalogBook book = await catalogs.BookAsync(workspace, (Account?)null, cancellationToken);
        return UsageView.OfWorkspace(head, book, Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow())));
    }

    private static Money Cost(ImmutableArray<UsageLine> lines, Per per)
    {
        UsageLine? line = lines.FirstOrDefault(line => line.Limit.Meter.Key == Meter.CostKey && line.Limit.Scope == ScopeKind.Account && line.Limit.Per == per);
        return line is null ? Money.Zero : new Money(line.Used.ToDecimal(line.Limit.Meter.Scale));
    }
}
