using Npgsql;

namespace Weir.PostgreSql;

/// <summary>
/// What must hold before a node serves: the schema is one that it knows, the database keeps what it acknowledges, and the role is held back
/// by row-level security. Every fault is named.
/// </summary>
internal static class SelfCheck
{
    /// <exception cref="StoreUnavailableException">Something does not hold; the message names all of it.</exception>
    public static async Task RunAsync(Database database, bool insecureOwner, CancellationToken cancellationToken)
    {
        IReadOnlyList<Finding> faults;
        try
        {
            await using NpgsqlConnection connection = await database.OpenAsync(cancellationToken);
            faults = await FindAsync(connection, insecureOwner, cancellationToken);
        }
        catch (Exception e) when (Failures.AsUnavailable(e) is not null)
        {
            throw Failures.AsUnavailable(e)!;
        }

        if (faults.Count > 0)
        {
            throw new StoreUnavailableException($"This database is not safe to serve from: {string.Join(". ", faults)}.");
        }
    }

    /// <summary>All faults. The schema must be there.</summary>
    public static async Task<IReadOnlyList<Finding>> FindAsync(NpgsqlConnection connection, bool insecureOwner, CancellationToken cancellationToken)
    {
        List<Finding> faults = [];
        int reached = await ReachedAsync(connection, cancellationToken);
        if (PostgreSqlSchema.Fault(reached) is { } fault)
        {
            faults.Add(fault);
        }

        faults.AddRange(await SettingsAsync(connection, cancellationToken));
        if (!insecureOwner)
        {
            faults.AddRange(await ListAsync(
                connection, "Database/FindUnsafeRights", Fault, cancellationToken,
                Value.Texts(Rights.Granted.Select(granted => granted.Table)), Value.Texts(Rights.Granted.Select(granted => granted.Right)), Value.Bool(reached == PostgreSqlSchema.Newest)));
        }

        return faults;
    }

    public static Task<List<Finding>> SettingsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        ListAsync(connection, "Database/FindUnsafeSettings", Fault, cancellationToken);

    /// <summary>The number of the newest migration that the schema has had.</summary>
    public static async Task<int> ReachedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new($"SELECT coalesce(max(number), 0) FROM {PostgreSqlSchema.Name}.migrations", connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static async Task<List<T>> ListAsync<T>(NpgsqlConnection connection, string name, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
#pragma warning disable CA2100 // A text of this assembly.
        await using NpgsqlCommand command = new(Sql.Load(name), connection);
#pragma warning restore CA2100
        command.Parameters.AddRange(parameters);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await Session.ReadAllAsync(reader, read, cancellationToken);
    }

    private static Finding Fault(NpgsqlDataReader row) => new(FindingLevel.Fault, row.Text(0), row.Text(1), row.Text(2));
}
