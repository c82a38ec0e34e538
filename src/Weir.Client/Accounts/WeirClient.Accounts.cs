using System.Globalization;
using System.Runtime.CompilerServices;

namespace Weir.Client;

public sealed partial class WeirClient
{
    /// <summary>Makes an account, or changes it.</summary>
    public Task<Account> PutAccountAsync(string key, AccountChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        return PutAsync("accounts/" + Part(key, nameof(key)), change, ClientJson.Bodies.AccountChange, ClientJson.Default.Account, cancellationToken);
    }

    /// <summary>One account; null when there is none.</summary>
    public async Task<Account?> FindAccountAsync(string key, CancellationToken cancellationToken = default)
    {
        try
        {
            return await GetAsync("accounts/" + Part(key, nameof(key)), ClientJson.Default.Account, cancellationToken);
        }
        catch (WeirProblemException problem) when (problem.Code == "unknown_account")
        {
            return null;
        }
    }

    /// <summary>One page of the accounts.</summary>
    /// <param name="search">A text that the key or the name contains.</param>
    /// <param name="limit">1 to 1,000; 100 when null.</param>
    /// <param name="cursor">The <c>Next</c> of the page before.</param>
    public Task<Page<AccountListItem>> ListAccountsAsync(
        string? plan = null, string? search = null, int? limit = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            WithQuery("accounts", ("plan", plan), ("search", search), ("limit", limit?.ToString(CultureInfo.InvariantCulture)), ("cursor", cursor)),
            ClientJson.Default.PageAccountListItem, cancellationToken);

    /// <summary>All accounts, page by page.</summary>
    public async IAsyncEnumerable<AccountListItem> EnumerateAccountsAsync(
        string? plan = null, string? search = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            Page<AccountListItem> page = await ListAccountsAsync(plan, search, 1000, cursor, cancellationToken);
            foreach (AccountListItem item in page.Items)
            {
                yield return item;
            }

            cursor = page.Next;
        }
        while (cursor is not null);
    }

    /// <summary>Moves an account to a plan. What was used and is held stays.</summary>
    /// <param name="pin">The account keeps the plan as the catalog has it now.</param>
    public Task<Account> SubscribeAsync(string key, string plan, bool pin = false, CancellationToken cancellationToken = default) =>
        PutAsync($"accounts/{Part(key, nameof(key))}/subscription", new SubscriptionBody(plan, pin), ClientJson.Bodies.SubscriptionBody, ClientJson.Default.Account, cancellationToken);
}
