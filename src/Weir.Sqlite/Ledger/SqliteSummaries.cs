using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir.Sqlite;

internal sealed class SqliteSummaries(Writer writer, ReaderPool readers) : ISummaryStore
{
    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => connection.Prepared("Ledger/SummaryCheckpoint").Bind(1, workspace.Value).Scalar() ?? 0, cancellationToken);

    public ValueTask<SummaryProgress> ProgressAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        readers.ReadAsync(connection => ReadProgress(connection, workspace.Value), cancellationToken);

    public ValueTask<bool> AddAsync(WorkspaceId workspace, long from, long to, IReadOnlyDictionary<SummaryKey, SummaryFigures> figures, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            connection =>
            {
                if (connection.Prepared("Ledger/MoveSummaryCheckpoint").Bind(1, workspace.Value).Bind(2, from).Bind(3, to).Scalar() is null)
                {
                    return false;
                }

                // In the order of the table, so that neighbours share their pages.
                KeyValuePair<SummaryKey, SummaryFigures>[] cells = [.. figures];
                Array.Sort(cells, static (a, b) => InTable(a.Key, b.Key));
                using Addition addition = new(connection, workspace.Value);
                foreach ((SummaryKey key, SummaryFigures added) in cells)
                {
                    addition.Add(key, added);
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
                Instant start = connection.Prepared("Privacy/LedgerStart").Bind(1, workspace.Value).Scalar() is { } micros ? Clock.FromMicros(micros) : Instant.MinValue;
                (long checkpoint, SummaryFloor floor) = ReadProgress(connection, workspace.Value);
                // The start stands still while they are made anew, so what cells before another start lack has been added by now.
                long kept = start == Instant.MinValue ? 0 : start == floor.Before ? Math.Max(checkpoint, floor.Through) : checkpoint;
                connection.Prepared("Ledger/ClearSummaries").Bind(1, workspace.Value).Bind(2, Clock.ToMicros(start)).Run();
                connection.Prepared("Ledger/ResetSummaryCheckpoint").Bind(1, workspace.Value).Bind(2, kept).Bind(3, Clock.ToMicros(start)).Run();
                return true;
            },
            cancellationToken);

    public static SummaryProgress ReadProgress(Connection connection, int workspace)
    {
        Statement row = connection.Prepared("Ledger/SummaryProgress").Bind(1, workspace);
        if (!row.Step())
        {
            return default;
        }

        SummaryProgress progress = new(row.Int64(0), new SummaryFloor(row.Int64(1), Clock.FromMicros(row.Int64(2))));
        row.Reset();
        return progress;
    }

    private static int InTable(SummaryKey a, SummaryKey b)
    {
        int order = string.CompareOrdinal(a.Dimension, b.Dimension);
        order = order != 0 ? order : a.Bucket.CompareTo(b.Bucket);
        order = order != 0 ? order : a.Account.CompareTo(b.Account);
        order = order != 0 ? order : string.CompareOrdinal(a.Type, b.Type);
        return order != 0 ? order : string.CompareOrdinal(a.Value, b.Value);
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

    /// <summary>Adds cell after cell. Thousands of them follow each other, so what one needs is used again for the next.</summary>
    private sealed class Addition(Connection connection, int workspace) : IDisposable
    {
        private readonly Statement _find = connection.Prepared("Ledger/FindSummary").Bind(1, workspace);
        private readonly Statement _write = connection.Prepared("Ledger/WriteSummary").Bind(1, workspace);
        private readonly List<KeyValuePair<string, long>> _amounts = [];
        private readonly ArrayBufferWriter<byte> _buffer = new(256);
        private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { SkipValidation = true });

        public void Add(SummaryKey key, SummaryFigures added)
        {
            (long events, long failed, long latencyMs, long latencyCount) = (added.Events, added.Failed, added.LatencyMs, added.LatencyCount);
            _amounts.Clear();
            _amounts.AddRange(added.Amounts);
            Bind(_find, key);
            if (_find.Step())
            {
                events += _find.Int64(0);
                failed += _find.Int64(1);
                latencyMs += _find.Int64(2);
                latencyCount += _find.Int64(3);
                AddAmounts(_find.Bytes(4));
                _find.Reset();
            }

            Bind(_write, key);
            _write.Bind(7, events).Bind(8, failed).Bind(9, latencyMs).Bind(10, latencyCount).BindUtf8(11, AmountsJson()).Run();
        }

        public void Dispose() => _json.Dispose();

        private static void Bind(Statement statement, SummaryKey key) => statement
            .Bind(2, key.Dimension).Bind(3, Clock.ToMicros(key.Bucket)).Bind(4, key.Account).Bind(5, key.Type).Bind(6, key.Value);

        private void AddAmounts(ReadOnlySpan<byte> stored)
        {
            Utf8JsonReader reader = new(stored);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                int at = IndexOf(ref reader);
                string meter = at < 0 ? reader.GetString()! : _amounts[at].Key;
                reader.Read();
                if (at < 0)
                {
                    _amounts.Add(new(meter, reader.GetInt64()));
                }
                else
                {
                    _amounts[at] = new(meter, _amounts[at].Value + reader.GetInt64());
                }
            }
        }

        private int IndexOf(ref Utf8JsonReader reader)
        {
            for (int i = 0; i < _amounts.Count; i++)
            {
                if (reader.ValueTextEquals(_amounts[i].Key))
                {
                    return i;
                }
            }

            return -1;
        }

        private ReadOnlySpan<byte> AmountsJson()
        {
            _amounts.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
            _buffer.ResetWrittenCount();
            _json.Reset(_buffer);
            _json.WriteStartObject();
            foreach ((string meter, long amount) in _amounts)
            {
                _json.WriteNumber(meter, amount);
            }

            _json.WriteEndObject();
            _json.Flush();
            return _buffer.WrittenSpan;
        }
    }
}
