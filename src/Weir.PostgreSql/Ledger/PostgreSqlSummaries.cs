using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;

using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

internal sealed class PostgreSqlSummaries(Database database) : ISummaryStore
{
    /// <summary>The name under which the log's checkpoint stands.</summary>
    private const string Follower = "summaries";

    private readonly KnownCells _known = new();

    public ValueTask<long> CheckpointAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Ledger/ReadCheckpoint", row => row.Long(0), cancellationToken, Value.Text(Follower));

    public ValueTask<SummaryProgress> ProgressAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        database.FindAsync(workspace, "Ledger/ReadProgress", Progress, cancellationToken, Value.Text(Follower));

    /// <summary>The same, while nobody adds until the transaction has ended.</summary>
    public static Task<SummaryProgress> LockAsync(Session session) => session.FindAsync("Ledger/LockProgress", Progress, Value.Text(Follower));

    public async ValueTask<bool> AddAsync(WorkspaceId workspace, long from, long to, IReadOnlyDictionary<SummaryKey, SummaryFigures> figures, CancellationToken cancellationToken)
    {
        // What becomes of an addition that fails is not known, so nothing is known of the cells until the next one.
        Dictionary<SummaryKey, SummaryFigures> known = _known.Take(workspace, from);
        Dictionary<SummaryKey, SummaryFigures> sums = [];
        bool added = await database.WriteAsync(
            workspace,
            async session =>
            {
                // From here to the commit the checkpoint's row is locked: one node adds at a time.
                if (!await Checkpoints.MoveAsync(session, Follower, from, to))
                {
                    return false;
                }

                if (figures.Count > 0)
                {
                    SummaryKey[] keys = [.. figures.Keys];
                    SummaryKey[] unknown = [.. keys.Where(key => !known.ContainsKey(key))];
                    sums = keys.ToDictionary(key => key, key => known.TryGetValue(key, out SummaryFigures? before) ? before.Plus(figures[key]) : figures[key]);
                    if (unknown.Length > 0)
                    {
                        foreach ((SummaryKey key, SummaryFigures before) in await session.ListAsync("Ledger/FindSummaries", Read, Keys(unknown)))
                        {
                            sums[key] = before.Plus(sums[key]);
                        }
                    }

                    await session.RunAsync(
                        "Ledger/WriteSummaries",
                        [
                            .. Keys(keys), Value.Longs(keys.Select(key => sums[key].Events)), Value.Longs(keys.Select(key => sums[key].Failed)), Value.Longs(keys.Select(key => sums[key].LatencyMs)),
                            Value.Longs(keys.Select(key => sums[key].LatencyCount)), Value.Texts(keys.Select(key => JsonSerializer.Serialize(sums[key].Amounts))),
                        ]);
                }

                return true;
            },
            cancellationToken);
        if (added)
        {
            _known.Keep(workspace, to, known, sums);
        }

        return added;
    }

    public async IAsyncEnumerable<(SummaryKey Key, SummaryFigures Figures)> ReadAsync(
        WorkspaceId workspace, SummaryQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        NpgsqlParameter[] parameters = [Value.Text(query.Dimension), Value.Time(query.From), Value.Time(query.To), Value.Texts(query.Types), Value.Text(query.Value)];
        List<(SummaryKey, SummaryFigures)> cells = query.Account is { } account
            ? await database.ListAsync(workspace, "Ledger/ReadSummaries:Ledger/OfOneAccount", Read, cancellationToken, [.. parameters, Value.Long(account)])
            : await database.ListAsync(workspace, "Ledger/ReadSummaries:Ledger/OfAllAccounts", Read, cancellationToken, parameters);
        foreach ((SummaryKey, SummaryFigures) cell in cells)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return cell;
        }
    }

    public async ValueTask ClearAsync(WorkspaceId workspace, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            workspace,
            async session =>
            {
                (long checkpoint, SummaryFloor floor) = await LockAsync(session);
                Instant start = await PostgreSqlRetention.StartAsync(session);
                // The start stands still while they are made anew, so what cells before another start lack has been added by now.
                long kept = start == Instant.MinValue ? 0 : start == floor.Before ? Math.Max(checkpoint, floor.Through) : checkpoint;
                await session.RunAllAsync(
                [
                    session.Own("Ledger/ResetCheckpoint", Value.Text(Follower), Value.Long(kept), Value.Time(start)),
                    session.Own("Ledger/ClearSummaries", Value.Time(start)),
                ]);
                return true;
            },
            cancellationToken);

    private static SummaryProgress Progress(NpgsqlDataReader row) => new(row.Long(0), new SummaryFloor(row.Long(1), row.Time(2)));

    private static NpgsqlParameter[] Keys(SummaryKey[] keys) =>
    [
        Value.Texts(keys.Select(key => key.Dimension)), Value.Longs(keys.Select(key => Clock.ToMicros(key.Bucket))), Value.Longs(keys.Select(key => key.Account)),
        Value.Texts(keys.Select(key => key.Type)), Value.Texts(keys.Select(key => key.Value)),
    ];

    /// <summary>Columns: account, bucket, type, dimension, value, events, failed, latency_ms, latency_count, amounts.</summary>
    private static (SummaryKey Key, SummaryFigures Figures) Read(NpgsqlDataReader row)
    {
        ImmutableSortedDictionary<string, long> amounts = SummaryFigures.Zero.Amounts.AddRange(JsonSerializer.Deserialize<Dictionary<string, long>>(row.Text(9))!);
        return (
            new SummaryKey(row.Long(0), row.Time(1), row.Text(2), row.Text(3), row.Text(4)),
            new SummaryFigures(row.Long(5), row.Long(6), row.Long(7), row.Long(8), amounts));
    }
}

/// <summary>How far followers have come.</summary>
internal static class Checkpoints
{
    /// <summary>False when the follower does not stand at <paramref name="from"/>; one without a row stands at 0.</summary>
    public static async Task<bool> MoveAsync(Session session, string follower, long from, long to) =>
        await session.RunAsync("Ledger/MoveCheckpoint", Value.Text(follower), Value.Long(from), Value.Long(to)) > 0;
}
