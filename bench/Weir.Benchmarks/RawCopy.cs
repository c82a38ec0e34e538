using System.Diagnostics;

using Npgsql;

namespace Weir.Benchmarks;

/// <summary>
/// Rows of the ledger's three growing tables, taken out as they stand and copied in binary form into tables of the same columns and indexes
/// that have the same rows: the fastest way into a table that there is. Heads of accounts, which a batch updates too, are not copied.
/// </summary>
internal sealed class RawCopy(NpgsqlConnection connection)
{
    private static readonly string[] s_tables = ["events", "event_details", "ids"];

    private long _copied;

    /// <summary>Makes the tables, and passes over what stands in the ledger already.</summary>
    public async Task PrepareAsync()
    {
        foreach (string table in s_tables)
        {
            await RunAsync($"CREATE TABLE peer.{table}_copy (LIKE weir.{table} INCLUDING ALL)");
        }

        await CopyAsync();
    }

    /// <summary>Copies what has come since, in one transaction.</summary>
    /// <returns>Entries per second.</returns>
    public async Task<double> CopyAsync()
    {
        long until = Convert.ToInt64(await ScalarAsync("SELECT coalesce(max(seq), 0) FROM weir.events"), System.Globalization.CultureInfo.InvariantCulture);
        long entries = Convert.ToInt64(await ScalarAsync($"SELECT count(*) FROM weir.events WHERE seq > {_copied} AND seq <= {until}"), System.Globalization.CultureInfo.InvariantCulture);
        List<(string Table, byte[] Rows)> taken = [];
        foreach (string table in s_tables)
        {
            using MemoryStream rows = new();
            await using NpgsqlRawCopyStream source = await connection.BeginRawBinaryCopyAsync($"COPY (SELECT * FROM weir.{table} WHERE seq > {_copied} AND seq <= {until}) TO STDOUT (FORMAT BINARY)");
            await source.CopyToAsync(rows);
            taken.Add((table, rows.ToArray()));
        }

        _copied = until;
        long start = Stopwatch.GetTimestamp();
        await RunAsync("BEGIN");
        foreach ((string table, byte[] rows) in taken)
        {
            await using NpgsqlRawCopyStream target = await connection.BeginRawBinaryCopyAsync($"COPY peer.{table}_copy FROM STDIN (FORMAT BINARY)");
            await target.WriteAsync(rows);
        }

        await RunAsync("COMMIT");
        return entries / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private async Task RunAsync(string text) => await ScalarAsync(text);

    private async Task<object?> ScalarAsync(string text)
    {
#pragma warning disable CA2100 // The texts are the benchmark's own.
        await using NpgsqlCommand command = new(text, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }
}
