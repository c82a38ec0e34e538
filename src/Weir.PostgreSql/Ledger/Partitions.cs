using System.Collections.Concurrent;

using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>
/// Sees to it that the partition of a month is there before something is recorded in it. Months are made ahead; a node asks for one at the
/// first entry of it that it writes, and for the next one with it.
/// </summary>
internal sealed class Partitions(Database database)
{
    private readonly ConcurrentDictionary<(int Year, int Month), bool> _known = new();

    /// <summary>On a connection of its own: a partition stays, whatever becomes of the transaction that needs it.</summary>
    public async ValueTask PrepareAsync(IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken)
    {
        (int, int) last = default;
        foreach (LedgerRow row in rows)
        {
            LocalDate date = row.Entry.RecordedAt.InUtc().Date;
            if ((date.Year, date.Month) != last && !_known.ContainsKey(last = (date.Year, date.Month)))
            {
                await MakeAsync(row.Entry.RecordedAt, cancellationToken);
                await MakeAsync(row.Entry.RecordedAt + Duration.FromDays(31), cancellationToken);
                _known[last] = true;
            }
        }
    }

    private async ValueTask MakeAsync(Instant time, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenAsync(cancellationToken);
        await using NpgsqlCommand command = new(Sql.Load("Ledger/MakeMonth"), connection);
        command.Parameters.Add(Value.Time(time));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
