using System.Collections.Concurrent;
using System.Globalization;

using Microsoft.Extensions.Logging;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>
/// Hears, on a connection of its own, what other nodes change (<c>Database/TellChange.sql</c>), and proves again and again that it would have
/// heard: it sends itself a notification and waits for it. PostgreSQL delivers notifications in the order of commits, so that whoever has
/// got his own has got all that were committed before he sent it. Without a proof of the last moment it says nothing, and what is remembered
/// is read again as if there were no notifications.
/// </summary>
internal sealed class ChangeListener(string connectionString, ILogger logger) : IChangeWatch, IAsyncDisposable
{
    internal const string Channel = "weir_changes";

    /// <summary>Anybody who may connect to the database can send numbers of workspaces that there are not.</summary>
    private const int MostChanges = 100_000;

    /// <summary>
    /// What is proven holds so long from the sending on. With it a revocation acts within a second also when the connection has died
    /// unnoticed in between.
    /// </summary>
    private static readonly TimeSpan s_proof = TimeSpan.FromMilliseconds(900);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_shortestDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(5);

    private readonly string _connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, MaxAutoPrepare = 0, CommandTimeout = 2, CancellationTimeout = 500 }.ConnectionString;
    private readonly string _proofChannel = "weir_proof_" + Guid.NewGuid().ToString("N");
    private readonly ConcurrentDictionary<(int Workspace, Remembered Kind), long> _changes = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task? _listening;
    private bool _ended;
    private long _counter;
    private long _base;
    private long _provenUntil = long.MinValue;
    private long _echo;

    /// <summary>Begins to listen. The database need not answer yet.</summary>
    public void Start()
    {
        lock (_gate)
        {
            _listening ??= Task.Run(ListenAsync);
        }
    }

    public long? Stamp(WorkspaceId workspace, Remembered kind)
    {
        if (TimeProvider.System.GetTimestamp() >= Volatile.Read(ref _provenUntil))
        {
            return null;
        }

        return _changes.TryGetValue((workspace.Value, kind), out long changed) ? changed : Volatile.Read(ref _base);
    }

    /// <summary>This node has changed something and need not wait to be told.</summary>
    public void Changed(WorkspaceId workspace, Remembered kind)
    {
        if (_changes.Count >= MostChanges)
        {
            ForgetAll();
        }

        _changes[(workspace.Value, kind)] = Interlocked.Increment(ref _counter);
    }

    public async ValueTask DisposeAsync()
    {
        Task? listening;
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            listening = _listening;
            _listening = Task.CompletedTask;
        }

        // A connection that breaks off at this moment may say that it cannot be cancelled any more; whoever listens is told all the same.
        await _stop.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (listening is not null)
        {
            await listening;
        }

        Volatile.Write(ref _provenUntil, long.MinValue);
        _stop.Dispose();
    }

    /// <summary>The parameter that <c>Database/TellChange.sql</c> takes after the workspace.</summary>
    public static NpgsqlParameter Name(Remembered kind) => Value.Text(kind == Remembered.Keys ? "k" : "c");

    private async Task ListenAsync()
    {
        TimeSpan delay = s_shortestDelay;
        bool told = false;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ListenOnceAsync(() =>
                {
                    delay = s_shortestDelay;
                    if (told)
                    {
                        told = false;
                        Log.Listening(logger);
                    }
                });
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it was: the node goes on by asking, and listens again.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Volatile.Write(ref _provenUntil, long.MinValue);
                if (!told)
                {
                    told = true;
                    Log.NotListening(logger, exception.Message);
                }
            }

            await Task.Delay(delay, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay;
        }
    }

    private async Task ListenOnceAsync(Action proven)
    {
        NpgsqlDataSourceBuilder builder = new(_connectionString);
        // Nobody's request waits for it.
        builder.ConfigureTracing(tracing => tracing.ConfigureCommandFilter(_ => false).ConfigureBatchFilter(_ => false));
        await using NpgsqlDataSource source = builder.Build();
        await using NpgsqlConnection connection = source.CreateConnection();
        connection.Notification += (_, notification) => Hear(notification.Channel, notification.Payload);
        await connection.OpenAsync(_stop.Token);
        await using (NpgsqlBatch listen = new(connection) { BatchCommands = { new($"LISTEN {Channel}"), new($"LISTEN {_proofChannel}") } })
        {
            await listen.ExecuteNonQueryAsync(_stop.Token);
        }

        // What was told while nobody listened is not known.
        ForgetAll();
        for (long number = Interlocked.Read(ref _echo) + 1; ; number++)
        {
            long sentAt = TimeProvider.System.GetTimestamp();
            await using (NpgsqlCommand send = new("SELECT pg_notify($1, $2)", connection))
            {
                send.Parameters.Add(Value.Text(_proofChannel));
                send.Parameters.Add(Value.Text(number.ToString(CultureInfo.InvariantCulture)));
                await send.ExecuteNonQueryAsync(_stop.Token);
            }

            while (Interlocked.Read(ref _echo) < number)
            {
                if (!await connection.WaitAsync(s_longestDelay, _stop.Token))
                {
                    throw new TimeoutException("what is sent with NOTIFY does not arrive at LISTEN: is there a pooler between, which gives connections away after each transaction?");
                }
            }

            Volatile.Write(ref _provenUntil, sentAt + Timestamps(s_proof));
            proven();
            // Npgsql counts whole milliseconds, and waits without end for none.
            for (TimeSpan left = s_pause; left.TotalMilliseconds >= 1; left = s_pause - TimeProvider.System.GetElapsedTime(sentAt))
            {
                await connection.WaitAsync(left, _stop.Token);
            }
        }
    }

    private void ForgetAll()
    {
        Volatile.Write(ref _base, Interlocked.Increment(ref _counter));
        _changes.Clear();
    }

    private void Hear(string channel, string payload)
    {
        if (channel == _proofChannel)
        {
            if (long.TryParse(payload, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                Interlocked.Exchange(ref _echo, number);
            }
        }
        else if (channel == Channel && payload.Length > 1 && payload[0] is 'k' or 'c'
            && int.TryParse(payload.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int workspace))
        {
            Changed(new WorkspaceId(workspace), payload[0] == 'k' ? Remembered.Keys : Remembered.Catalog);
        }
    }

    private static long Timestamps(TimeSpan span) => (long)(span.TotalSeconds * TimeProvider.System.TimestampFrequency);
}
