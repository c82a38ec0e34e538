using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>One transaction on one connection, in which one workspace can be seen.</summary>
internal sealed class Session(NpgsqlConnection connection, NpgsqlTransaction? transaction, int workspace, TimeProvider? time, CancellationToken cancellationToken)
{
    public int Workspace => workspace;

    /// <summary>How long the statements may take, in seconds; null for as long as others.</summary>
    public int? Patience { get; init; }

    public TimeProvider? Time => time;

    /// <summary>The same transaction for another workspace, which is named to row-level security from <see cref="EnterCommand"/> on.</summary>
    public Session Of(WorkspaceId other) => new(connection, transaction, other.Value, time, cancellationToken) { Patience = Patience };

    /// <summary>A statement by the name of its file.</summary>
    public static NpgsqlBatchCommand Command(string name, params NpgsqlParameter[] parameters)
    {
        NpgsqlBatchCommand command = new(Sql.Load(name));
        foreach (NpgsqlParameter parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>A statement by the name of its file; its parameter 1 is the workspace.</summary>
    public NpgsqlBatchCommand Own(string name, params NpgsqlParameter[] parameters)
    {
        NpgsqlBatchCommand command = Command(name, Value.Int(workspace));
        foreach (NpgsqlParameter parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public NpgsqlBatch Batch()
    {
        NpgsqlBatch batch = new(connection, transaction);
        if (Patience is { } seconds)
        {
            batch.Timeout = seconds;
        }

        return batch;
    }

    /// <summary>Names the workspace to row-level security until the end of the transaction.</summary>
    public NpgsqlBatchCommand EnterCommand(string name = "Database/EnterWorkspace") => Command(name, Value.Text(workspace.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    public async Task<List<T>> ListAsync<T>(string name, Func<NpgsqlDataReader, T> read, params NpgsqlParameter[] parameters)
    {
        await using NpgsqlBatch batch = Batch();
        batch.BatchCommands.Add(Own(name, parameters));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadAllAsync(reader, read, cancellationToken);
    }

    /// <summary>What several statements answer. When they fail, their parameters are free for others.</summary>
    public static async Task<T> ReadFreelyAsync<T>(NpgsqlBatch batch, Func<NpgsqlDataReader, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
            return await read(reader);
        }
        catch
        {
            foreach (NpgsqlBatchCommand command in batch.BatchCommands)
            {
                command.Parameters.Clear();
            }

            throw;
        }
    }

    public static async Task<List<T>> ReadAllAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>The first row, or the type's default when there is none.</summary>
    public async Task<T?> FindAsync<T>(string name, Func<NpgsqlDataReader, T> read, params NpgsqlParameter[] parameters)
    {
        List<T> rows = await ListAsync(name, read, parameters);
        return rows.Count > 0 ? rows[0] : default;
    }

    /// <summary>How many rows a statement inserted, changed or deleted.</summary>
    public async Task<int> RunAsync(string name, params NpgsqlParameter[] parameters)
    {
        await using NpgsqlBatch batch = Batch();
        batch.BatchCommands.Add(Own(name, parameters));
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Several statements in one round trip.</summary>
    public async Task RunAllAsync(IEnumerable<NpgsqlBatchCommand> commands)
    {
        await using NpgsqlBatch batch = Batch();
        foreach (NpgsqlBatchCommand command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Tells every node, when the transaction commits, that something it may remember has changed.</summary>
    public Task TellAsync(Remembered kind) => RunAllAsync([Own("Database/TellChange", ChangeListener.Name(kind))]);

    /// <summary>The database's clock.</summary>
    public async Task<Instant> NowAsync()
    {
        await using NpgsqlBatch batch = Batch();
        batch.BatchCommands.Add(Command("Database/ReadClock", ClockParameter()));
        return Clock.FromMicros((long)(await batch.ExecuteScalarAsync(cancellationToken))!);
    }

    /// <summary>The time that stands in place of the database's clock, null for the clock itself.</summary>
    public NpgsqlParameter ClockParameter() => ClockOf(time);

    public static NpgsqlParameter ClockOf(TimeProvider? time) => Value.Long(time is null ? null : Clock.ToMicros(Instant.FromDateTimeOffset(time.GetUtcNow())));
}
