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
        IReadOnlyList<string> faults;
        try
        {
            faults = await FindAsync(database, insecureOwner, cancellationToken);
        }
        catch (Exception e) when (Failures.AsUnavailable(e) is not null)
        {
            throw Failures.AsUnavailable(e)!;
        }

        if (faults.Count > 0)
        {
            throw new StoreUnavailableException($"This database is not safe to serve from: {string.Join("; ", faults)}.");
        }
    }

    public static async Task<IReadOnlyList<string>> FindAsync(Database database, bool insecureOwner, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenAsync(cancellationToken);
        List<string> faults = [];
        await using (NpgsqlCommand reached = new("SELECT coalesce(max(number), 0) FROM migrations", connection))
        {
            if (PostgreSqlSchema.Fault((int)(await reached.ExecuteScalarAsync(cancellationToken))!) is { } fault)
            {
                faults.Add(fault);
            }
        }

        await AddAsync("Database/FindUnsafeSettings");
        if (!insecureOwner)
        {
            await AddAsync("Database/FindUnsafeRights");
        }

        return faults;

        async Task AddAsync(string name)
        {
#pragma warning disable CA2100 // A text of this assembly.
            await using NpgsqlCommand command = new(Sql.Load(name), connection);
#pragma warning restore CA2100
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            faults.AddRange(await Session.ReadAllAsync(reader, row => row.Text(0), cancellationToken));
        }
    }
}
