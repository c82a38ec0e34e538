using System.Net;
using System.Text.Json;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Chaos;

/// <summary>Reads over HTTP what the nodes say has happened.</summary>
internal static class LogReader
{
    private const int MostAttempts = 20;

    /// <summary>The whole log, oldest first.</summary>
    public static async Task<List<Row>> LogAsync(HttpClient client)
    {
        List<Row> rows = [];
        string? cursor = null;
        while (true)
        {
            JsonElement page = await GetAsync(client, "/api/v1/events?order=asc&limit=1000" + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor)));
            int before = rows.Count;
            rows.AddRange(page.GetProperty("items").EnumerateArray().Select(item => new Row(
                item.GetProperty("id").GetString()!,
                item.GetProperty("account").GetString()!,
                item.GetProperty("charges").EnumerateArray().ToDictionary(charge => charge.GetProperty("meter").GetString()!, charge => charge.GetProperty("amount").GetDecimal(), StringComparer.Ordinal),
                item.GetProperty("recordedAt").GetDateTimeOffset())));
            cursor = page.GetProperty("next").GetString();
            if (rows.Count == before)
            {
                return rows;
            }
        }
    }

    /// <summary>What the balances of accounts say has been used.</summary>
    public static async Task<Dictionary<(string Account, string Meter), decimal>> BalancesAsync(HttpClient client, IEnumerable<string> accounts)
    {
        Dictionary<(string Account, string Meter), decimal> used = [];
        foreach (string account in accounts)
        {
            JsonElement usage = await GetAsync(client, $"/api/v1/accounts/{account}/usage");
            foreach (JsonElement balance in usage.GetProperty("balances").EnumerateArray())
            {
                used[(account, balance.GetProperty("meter").GetString()!)] = balance.GetProperty("used").GetDecimal();
            }
        }

        return used;
    }

    /// <summary>What the balance of credits of an account says.</summary>
    public static async Task<Shown> CreditsAsync(HttpClient client, string account)
    {
        JsonElement usage = await GetAsync(client, $"/api/v1/accounts/{account}/usage");
        JsonElement credits = usage.GetProperty("balances").EnumerateArray().Single(balance => balance.GetProperty("meter").GetString() == Menu.Credits);
        return new Shown(credits.GetProperty("used").GetDecimal(), credits.GetProperty("held").GetDecimal(), credits.GetProperty("limit").GetDecimal());
    }

    /// <summary>How many reservations stand open, those that have ended by time but are not written down yet included.</summary>
    public static async Task<int> OpenAsync(HttpClient client) => (await GetAsync(client, "/api/v1/reservations?limit=1000")).GetProperty("items").GetArrayLength();

    /// <summary>All entries of the ledger about credits, oldest first, past the nodes.</summary>
    /// <param name="accounts">The keys of the accounts that are wanted, by their internal ids.</param>
    public static async Task<List<Fact>> FactsAsync(PostgreSqlStore store, IReadOnlyDictionary<long, string> accounts)
    {
        WorkspaceId workspace = (await store.Workspaces.FindAsync(Workspace.DefaultKey, CancellationToken.None))!.Id;
        List<Fact> facts = [];
        long after = 0;
        while (await store.Ledger.FollowAsync(workspace, after, 1_000, CancellationToken.None) is { Count: > 0 } page)
        {
            facts.AddRange(page.Where(stored => accounts.ContainsKey(stored.Entry.Account)).Select(stored => FactOf(stored, accounts[stored.Entry.Account])));
            after = page[^1].Sequence;
        }

        return facts;
    }

    private static Fact FactOf(StoredEntry stored, string account)
    {
        Entry entry = stored.Entry;
        EntryLine[] credits = [.. entry.Lines.Where(line => line.Key.Meter == Menu.Credits)];
        return new Fact(
            stored.Sequence, entry.Kind, entry.Target ?? 0, stored.Details.Id, account, entry.RecordedAt.ToDateTimeOffset(),
            credits.Sum(line => line.Delta.Units), credits.Sum(line => line.HeldDelta.Units))
        {
            IsLate = entry.Flags.HasFlag(EntryFlags.AfterExpiry),
            Until = entry.Reservation?.ExpiresAt.ToDateTimeOffset() ?? default,
            Fence = entry.Reservation?.Slot?.Fence,
            Granted = entry.Grant?.Amount.Units ?? 0,
        };
    }

    /// <summary>Reads again what was not answered in time: the nodes are told a short deadline, and a busy machine may not meet it.</summary>
    private static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(path, UriKind.Relative));
            string text = await response.Content.ReadAsStringAsync();
            if (response.IsSuccessStatusCode)
            {
                return JsonDocument.Parse(text).RootElement;
            }

            if (response.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == MostAttempts)
            {
                throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}: {text}");
            }
        }
    }
}
