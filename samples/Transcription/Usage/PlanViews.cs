using Weir.Engine;

namespace Transcription;

/// <param name="Credits">A month; null without limit.</param>
/// <param name="MaxFileSizeBytes">Null without limit.</param>
/// <param name="Jobs">At once: the smaller of the plan's and the service's.</param>
internal sealed record PlanView(string Key, string Name, string? Description, decimal? MonthlyPrice, decimal? YearlyPrice, decimal? Credits, long? MaxFileSizeBytes, int Jobs);

/// <summary>The cheapest plan that allows more.</summary>
/// <param name="MonthlyPrice">In the catalog's currency; shown, never charged.</param>
/// <param name="Message">What it allows, in words.</param>
internal sealed record UpgradeView(string Plan, string Name, decimal? MonthlyPrice, string Message);

/// <summary>The catalog's plans as this service speaks of them.</summary>
internal static class PlanViews
{
    public const string Credits = "credits";
    public const string Slot = "transcription";
    public const string FileSize = "file_size_bytes";

    private const long Megabyte = 1024 * 1024;

    public static PlanView Of(Plan plan, Catalog catalog) => new(
        plan.Key, plan.Name, plan.Description, plan.Price?.Monthly, plan.Price?.Yearly, CreditsOf(plan), LargestFile(plan),
        Math.Min(plan.Slots.GetValueOrDefault(Slot), catalog.Workspace.Slots.GetValueOrDefault(Slot, int.MaxValue)));

    /// <summary>All that somebody may move to, in the catalog's order.</summary>
    public static IReadOnlyList<PlanView> All(Catalog catalog) =>
        [.. catalog.PlanOrder.Select(key => catalog.Plans[key]).Where(plan => !plan.Retired).Select(plan => Of(plan, catalog))];

    /// <summary>The line of the account's credits, whether or not any were used.</summary>
    public static UsageLine CreditsOf(Weir.AccountUsage account) =>
        account.Balances.First(line => line.Limit.Meter.Key == Credits && line.Limit.Scope == ScopeKind.Account);

    public static long? LargestFile(Plan plan) => plan.Requests.FirstOrDefault(request => request.Property == FileSize) is { } request ? (long)request.Max : null;

    public static UpgradeView UpgradeTo(string key, Catalog catalog)
    {
        PlanView plan = Of(catalog.Plans[key], catalog);
        string minutes = plan.Credits is { } credits ? $"{credits:0.##} minutes a month" : "minutes without limit";
        string files = plan.MaxFileSizeBytes is { } bytes ? $"files up to {Size(bytes)}" : "files of any size";
        return new UpgradeView(plan.Key, plan.Name, plan.MonthlyPrice, $"{plan.Name}: {minutes}, {files}, {plan.Jobs} {(plan.Jobs == 1 ? "job" : "jobs")} at once.");
    }

    /// <summary>The cheapest plan with more credits than another, or null.</summary>
    public static UpgradeView? Above(Plan current, Catalog catalog) =>
        CreditsOf(current) is not { } credits
            ? null
            : catalog.PlanOrder.Select(key => catalog.Plans[key])
                .Where(plan => !plan.Retired && (CreditsOf(plan) is not { } more || more > credits))
                .MinBy(plan => plan.Price?.Monthly ?? decimal.MaxValue) is { } better
                    ? UpgradeTo(better.Key, catalog)
                    : null;

    public static string Size(long bytes) => bytes >= 1024 * Megabyte ? $"{bytes / (1024m * Megabyte):0.##} GB" : $"{bytes / (decimal)Megabyte:0.##} MB";

    private static decimal? CreditsOf(Plan plan) =>
        plan.Allowances.FirstOrDefault(allowance => allowance.Meter.Key == Credits && allowance.Scope == ScopeKind.Account) is { Limit: { } limit } allowance
            ? limit.ToDecimal(allowance.Meter.Scale)
            : null;
}
