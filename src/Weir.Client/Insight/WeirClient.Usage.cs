using System.Globalization;

namespace Weir.Client;

public sealed partial class WeirClient
{
    /// <summary>What an account has used and has left now.</summary>
    /// <exception cref="WeirProblemException"><c>unknown_account</c>.</exception>
    public Task<AccountUsage> GetUsageAsync(string account, CancellationToken cancellationToken = default) =>
        GetAsync($"accounts/{Part(account, nameof(account))}/usage", ClientJson.Default.AccountUsage, cancellationToken);

    /// <summary>The current and the past periods of each meter.</summary>
    /// <param name="meter">One meter; all when null.</param>
    /// <param name="per">One length of periods, such as <c>month</c>; all when null.</param>
    /// <param name="periods">How many of each; 12 when null.</param>
    public Task<UsageHistory> GetUsageHistoryAsync(
        string account, string? meter = null, string? per = null, int? periods = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            WithQuery($"accounts/{Part(account, nameof(account))}/usage/history", ("meter", meter), ("per", per), ("periods", periods?.ToString(CultureInfo.InvariantCulture))),
            ClientJson.Default.UsageHistory, cancellationToken);

    /// <summary>Limits, request limits, slots, rates and features as they stand.</summary>
    public Task<AccountLimits> GetLimitsAsync(string account, CancellationToken cancellationToken = default) =>
        GetAsync($"accounts/{Part(account, nameof(account))}/limits", ClientJson.Default.AccountLimits, cancellationToken);

    /// <summary>Whether the account's plan has a feature.</summary>
    /// <exception cref="WeirProblemException"><c>not_found</c>: no plan of the catalog has it.</exception>
    public Task<Feature> GetFeatureAsync(string account, string feature, CancellationToken cancellationToken = default) =>
        GetAsync($"accounts/{Part(account, nameof(account))}/features/{Part(feature, nameof(feature))}", ClientJson.Default.Feature, cancellationToken);
}
