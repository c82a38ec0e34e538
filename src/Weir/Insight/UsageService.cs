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
    /// <summary>The slots of the plan, and of kinds that the account runs jobs of beside them.</summary>
    public IReadOnlyList<SlotUsage> Slots { get; init; } = [];

    /// <summary>The lines that people look at: cost only where a limit stands on it.</summary>
    public IEnumerable<UsageLine> Balances => Lines.Where(line => line.Limit.Meter.Key != Meter.CostKey || line.Limit.Limit is not null);

    /// <summary>
    /// The limits that stand for the account now, in the order of the plan, those that only it has at the end; scoped ones once each,
    /// whether or not anybody has used them.
    /// </summary>
    public IEnumerable<StandingLimit> Limits => Plan.Allowances.Select(allowance => allowance.Meter)
        .Concat(State.Account.Overrides.Where(entry => Catalog.Meters.ContainsKey(entry.Meter)).Select(entry => Catalog.Meters[entry.Meter]))
        .DistinctBy(meter => meter.Key, StringComparer.Ordinal)
        .SelectMany(meter => LimitRules.OfMeter(Plan, State.Account, meter, AsOf).Where(limit => meter.Key != Meter.CostKey || limit.Limit is not null))
        .Select(limit => GrantRules.Granting(State, limit, State.Account.Timeline.At(limit.Per, AsOf), AsOf));
}

/// <summary>The jobs of a kind that an account runs.</summary>
/// <param name="Limit">What the plan allows, or the whole service where that is less.</param>
/// <param name="Waiting">Jobs that wait for a slot.</param>
public sealed record SlotUsage(string Kind, int Used, int Limit, int Waiting);

/// <summary>Reads what accounts have used and have left, from their balances alone (BAL-10).</summary>
public sealed class UsageService(IWeirStore store, CatalogService catalogs, ReservationService reservations, WeirOptions options, TimeProvider time)
{
    /// <summary>Null when there is no such account.</summary>
    public async ValueTask<AccountUsage?> FindAsync(WorkspaceId workspace, AccountKey key, CancellationToken cancellationToken)
    {
        AccountRecord? record = await store.Accounts.FindAsync(workspace, key, cancellationToken);
        return record is null ? null : await OfAsync(workspace, record, cancellationToken);
    }

    public async ValueTask<AccountUsage> OfAsync(WorkspaceId workspace, AccountRecord record, CancellationToken cancellationToken) =>
        (await OfAsync(workspace, [record], cancellationToken))[0];

    /// <summary>The figures of a page of accounts, without a read for each of them but for those whose rollover nobody has asked for since their last period was closed.</summary>
    public async ValueTask<IReadOnlyList<AccountUsage>> OfAsync(WorkspaceId workspace, IReadOnlyList<AccountRecord> records, CancellationToken cancellationToken)
    {
        int version = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
        CatalogBook book = await catalogs.BookAsync(workspace, version, records.Select(record => record.State.Account), cancellationToken);
        Instant now = Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
        ILookup<AccountKey, SlotWaiter> waiting = await WaitingAsync(workspace, records, book.Active, cancellationToken);
        List<AccountUsage> usages = new(records.Count);
        foreach (AccountRecord record in records)
        {
            AccountState state = await OpenedStates.ReadAsync(store, workspace, record.Profile.Key, record.State, book, now, cancellationToken);
            AccountUsage usage = Of(record with { State = state }, book, now);
            usages.Add(usage with { Slots = SlotsOf(usage, waiting[usage.Profile.Key]) });
        }

        return usages;
    }

    private AccountUsage Of(AccountRecord record, CatalogBook book, Instant now)
    {
        // The clock here may lie a moment behind the account's last decision, which counts (TX-3).
        Instant at = Instant.Max(now, record.State.Account.DecidedAt);
        Plan plan = book.PlanOf(record.State.Account, at);
        ImmutableArray<UsageLine> lines = UsageView.Of(record.State, book, at);
        return new AccountUsage(
            record.Profile, record.State, book.CatalogOf(record.State.Account, at), plan, options.Enforcement ?? plan.Enforcement ?? book.Active.Enforcement,
            lines, Cost(lines, Per.Month), Cost(lines, Per.Lifetime), now);
    }

    private async ValueTask<ILookup<AccountKey, SlotWaiter>> WaitingAsync(WorkspaceId workspace, IReadOnlyList<AccountRecord> records, Catalog active, CancellationToken cancellationToken)
    {
        if (active.Events.Values.All(type => type.Slot is null))
        {
            // Nobody can wait, so there is nothing to read.
            return Enumerable.Empty<SlotWaiter>().ToLookup(waiter => waiter.Account);
        }

        WaiterFilter filter = new() { Accounts = [.. records.Select(record => record.Profile.Key)] };
        return (await reservations.ReadWaitingAsync(workspace, filter, cancellationToken)).ToLookup(waiter => waiter.Account);
    }

    private static IReadOnlyList<SlotUsage> SlotsOf(AccountUsage usage, IEnumerable<SlotWaiter> waiters)
    {
        ILookup<string, Hold> running = usage.State.Holds.LiveAt(usage.AsOf).Where(hold => hold.Slot is not null).ToLookup(hold => hold.Slot!.Kind, StringComparer.Ordinal);
        ILookup<string, SlotWaiter> waiting = waiters.ToLookup(waiter => waiter.Kind, StringComparer.Ordinal);
        return
        [
            .. usage.Plan.Slots.Keys.Concat(running.Select(group => group.Key)).Concat(waiting.Select(group => group.Key)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(kind => new SlotUsage(
                    kind, running[kind].Count(),
                    Math.Min(usage.Plan.Slots.GetValueOrDefault(kind), usage.Catalog.Workspace.Slots.GetValueOrDefault(kind, int.MaxValue)),
                    waiting[kind].Count())),
        ];
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
