using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>One account that is pinned to an earlier catalog version, and what the active one changes for it.</summary>
/// <param name="FromVersion">The version that it is pinned to now; null where only a planned change is.</param>
/// <param name="Failure">Why it was not moved, or null.</param>
public sealed record MigratedAccount(AccountProfile Profile, string Plan, int? FromVersion, PlanComparison Changes, Failure? Failure);

/// <param name="ToVersion">The active version.</param>
/// <param name="Next">The key after which the next page begins; null at the end.</param>
public sealed record MigrationPage(int ToVersion, IReadOnlyList<MigratedAccount> Accounts, AccountKey? Next);

/// <summary>Moves pinned accounts to the active catalog version, page by page (PLAN-3). A repeat moves nothing: who is moved is not found again.</summary>
public sealed class PlanMigrationService(IWeirStore store, CatalogService catalogs, AccountService accounts)
{
    /// <param name="plan">Only accounts on this plan; null for all.</param>
    /// <param name="dryRun">Tells what would change and changes nothing.</param>
    public async ValueTask<MigrationPage> RunAsync(
        WorkspaceId workspace, string? plan, bool dryRun, AccountKey? after, int limit, AuditActor actor, CancellationToken cancellationToken)
    {
        int version = await store.Catalogs.ActiveVersionAsync(workspace, cancellationToken);
        AccountFilter filter = new() { Plan = plan, PinnedElsewhereThan = version, After = after, Limit = limit };
        IReadOnlyList<AccountRecord> page = await store.Accounts.ListAsync(workspace, filter, cancellationToken);
        CatalogBook book = await catalogs.BookAsync(workspace, version, page.Select(record => record.State.Account), cancellationToken);
        AccountChange change = new() { Migrate = new PlanMigration(plan) };
        Instant now = accounts.Now;
        Outcome?[] outcomes = dryRun
            ? new Outcome?[page.Count]
            : await Task.WhenAll(page.Select(record => accounts.ChangeAsync(workspace, record.Profile.Key, change, null, false, actor, cancellationToken)));
        return new MigrationPage(version, [.. page.Select((record, i) => Of(record, change, book, now, outcomes[i]?.Failure))], page.Count == limit ? page[^1].Profile.Key : null);
    }

    private static MigratedAccount Of(AccountRecord record, AccountChange change, CatalogBook book, Instant now, Failure? failure)
    {
        Account account = record.State.Account;
        now = Instant.Max(now, account.DecidedAt);
        Subscription subscription = account.CurrentSubscription(now);
        Account moved = AccountRules.Apply(account, change, book, record.Profile.Key.Value, now, out _) ?? account;
        return new MigratedAccount(record.Profile, subscription.Plan, subscription.PinnedVersion, PlanComparison.Of(record.State, moved, book, now), failure);
    }
}
