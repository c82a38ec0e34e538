using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteSummaries(Writer writer, ReaderPool readers) : ISummaryStore
{
    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => connection.Prepared("Ledger/SummaryCheckpoint").Bind(1, workspace.Value).Scalar() ?? 0, cancellationToken);

    public ValueTask<bool> AddAsync(WorkspaceId workspace, long from, long to, IReadOnlyDictionary<SummaryKey, SummaryFigures> figures, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                if (connection.Prepared("Ledger/MoveSummaryCheckpoint").Bind(1, workspace.Value).Bind(2, from).Bind(3, to).Scalar() is null)
                {
                    return false;
                }

                // In the order of the table, so that neighbours share their pages.
                foreach ((SummaryKey key, SummaryFigures added) in figures
                    .OrderBy(cell => cell.Key.Dimension, StringComparer.Ordinal).ThenBy(cell => cell.Key.Bucket).ThenBy(cell => cell.Key.Account))
                {
                    Add(connection, workspace.Value, key, added);
                }

                return true;
            },
            cancellationToken);

    public async IAsyncEnumerable<(SummaryKey Key, SummaryFigures Figures)> ReadAsync(
        WorkspaceId workspace, SummaryQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach ((SummaryKey Key, SummaryFigures Figures) cell in await readers.ReadAsync(connection => Read(connection, workspace.Value, query), cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return cell;
        }
    }

    public async ValueTask ClearAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        await writer.WriteAsync(
            connection =>
            {
                connection.Prepared("Ledger/ClearSummaries").Bind(1, workspace.Value).Run();
                connection.Prepared("Ledger/ResetSummaryCheckpoint").Bind(1, workspace.Value).Run();
                return true;
            },
            cancellationToken);

    private static void Add(Connection connection, int workspace, SummaryKey key, SummaryFigures added)
    {
        Statement row = connection.Prepared("Ledger/FindSummary").Bind(1, workspace).Bind(2, key.Dimension).Bind(3, Clock.ToMicros(key.Bucket))
            .Bind(4, key.Account).Bind(5, key.Type).Bind(6, key.Value);
        SummaryFigures figures = added;
        if (row.Step())
        {
            figures = ReadFigures(row, 0).Plus(added);
            row.Reset();
        }

        connection.Prepared("Ledger/WriteSummary").Bind(1, workspace).Bind(2, key.Dimension).Bind(3, Clock.ToMicros(key.Bucket)).Bind(4, key.Account)
            .Bind(5, key.Type).Bind(6, key.Value).Bind(7, figures.Events).Bind(8, figures.Failed).Bind(9, figures.LatencyMs).Bind(10, figures.LatencyCount)
            .BindUtf8(11, AmountsJson(figures.Amounts)).Run();
    }

    private static List<(SummaryKey Key, SummaryFigures Figures)> Read(Connection connection, int workspace, SummaryQuery query)
    {
        Statement rows = connection.Prepared(query.Account is null ? "Ledger/ReadSummaries" : "Ledger/ReadAccountSummaries").Bind(1, workspace).Bind(2, query.Dimension)
            .Bind(3, Clock.ToMicros(query.From)).Bind(4, Clock.ToMicros(query.To)).Bind(5, query.Types is { } types ? TextsJson(types) : null).Bind(6, query.Value);
        if (query.Account is { } account)
        {
            rows.Bind(7, account).Bind(8, SummaryKey.BucketLength.BclCompatibleTicks / 10);
        }

        List<(SummaryKey, SummaryFigures)> cells = [];
        while (rows.Step())
        {
            cells.Add((new SummaryKey(rows.Int64(0), Clock.FromMicros(rows.Int64(1)), rows.Text(2), rows.Text(3), rows.Text(4)), ReadFigures(rows, 5)));
        }

        return cells;
    }

    private static SummaryFigures ReadFigures(Statement row, int at)
    {
        ImmutableSortedDictionary<string, long>.Builder amounts = SummaryFigures.Zero.Amounts.ToBuilder();
        Utf8JsonReader reader = new(row.Bytes(at + 4));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string meter = reader.GetString()!;
            reader.Read();
            amounts[meter] = reader.GetInt64();
        }

        return new SummaryFigures(row.Int64(at), row.Int64(at + 1), row.Int64(at + 2), row.Int64(at + 3), amounts.ToImmutable());
    }

    private static ReadOnlySpan<byte> AmountsJson(ImmutableSortedDictionary<string, long> amounts)
    {
        ArrayBufferWriter<byte> buffer = new(64);
        using Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        foreach ((string meter, long amount) in amounts)
        {
            writer.WriteNumber(meter, amount);
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan;
    }

    private static string TextsJson(IReadOnlyCollection<string> texts)
    {
        ArrayBufferWriter<byte> buffer = new(64);
        using Utf8JsonWriter writer = new(buffer);
        writer.WriteStartArray();
        foreach (string text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
