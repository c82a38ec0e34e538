using System.Text.Json;

namespace Weir.Chaos;

/// <summary>Reads over HTTP what the nodes say has happened.</summary>
internal static class LogReader
{
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

    private static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        using HttpResponseMessage response = await client.GetAsync(new Uri(path, UriKind.Relative));
        string text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonDocument.Parse(text).RootElement : throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}: {text}");
    }
}
