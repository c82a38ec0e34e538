using System.Globalization;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>
/// Prepares a database for the nodes, as the role that will own the schema: it makes or brings up to date the schema <c>weir</c> and gives
/// the runtime role its few rights. Nodes of the version before go on while it runs.
/// </summary>
public static class PostgreSqlSchema
{
    /// <summary>The schema's name.</summary>
    public const string Name = "weir";

    /// <summary>Held by the one that migrates; the others wait for it and find the work done.</summary>
    private const long MigrationLock = 22376L << 48;

    private const int MonthsAhead = 2;

    /// <summary>The number of the newest migration that this program has.</summary>
    public static int Newest => NumberOf(Sql.Migrations()[^1]);

    /// <param name="connectionString">Of the owner. It needs the right to make a schema in the database and, for a new runtime role, to make roles.</param>
    /// <param name="runtimeUser">The role that nodes use; made where it is missing. Null when there is none, as in development.</param>
    /// <param name="runtimePassword">Its password from now on; null leaves it.</param>
    /// <returns>How many migrations were applied.</returns>
    /// <exception cref="StoreUnavailableException">The database cannot be reached, refuses, or has been migrated by a newer program.</exception>
    public static async Task<int> MigrateAsync(string connectionString, string? runtimeUser, string? runtimePassword, CancellationToken cancellationToken)
    {
        try
        {
            NpgsqlConnectionStringBuilder settings = new(connectionString) { SearchPath = $"{Name},pg_temp", Pooling = false, CommandTimeout = 0 };
            await using NpgsqlConnection connection = new(settings.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await RunAsync(connection, $"SELECT pg_advisory_lock({MigrationLock.ToString(CultureInfo.InvariantCulture)})", cancellationToken);
            int applied = await ApplyAsync(connection, cancellationToken);
            if (runtimeUser is not null)
            {
                await GrantAsync(connection, runtimeUser, runtimePassword, cancellationToken);
            }

            await RunAsync(connection, string.Create(CultureInfo.InvariantCulture,
                $"SELECT make_month((extract(epoch FROM now() + m * interval '1 month') * 1000000)::bigint) FROM generate_series(0, {MonthsAhead}) m"), cancellationToken);
            return applied;
        }
        catch (Exception e) when (Failures.AsUnavailable(e) is not null)
        {
            throw Failures.AsUnavailable(e)!;
        }
    }

    /// <summary>Null when a schema that has come so far can be used by this program: its own newest, or one step more.</summary>
    internal static Finding? Fault(int reached) =>
        reached < Newest ? Fault(string.Create(CultureInfo.InvariantCulture, $"the schema is at step {reached}, and this program needs step {Newest}"), "run 'weir migrate' with the owner's connection")
        : reached > Newest + 1 ? Fault(string.Create(CultureInfo.InvariantCulture, $"the schema is at step {reached}, and this program knows step {Newest}"), "use a newer program")
        : null;

    private static Finding Fault(string what, string remedy) => new(FindingLevel.Fault, "schema", what, remedy);

    private static async Task<int> ApplyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await RunAsync(connection, Sql.Load("Database/MakeSchema"), cancellationToken);
        await using NpgsqlCommand last = new("SELECT coalesce(max(number), 0) FROM migrations", connection);
        int reached = (int)(await last.ExecuteScalarAsync(cancellationToken))!;
        if (reached > Newest)
        {
            throw new StoreUnavailableException(string.Create(CultureInfo.InvariantCulture, $"The schema is at step {reached} and this program knows {Newest}: a newer program has migrated it. Use that one or a later one."));
        }

        int applied = 0;
        foreach (string name in Sql.Migrations().Where(name => NumberOf(name) > reached))
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await RunAsync(connection, Sql.Load(name), cancellationToken);
            await using NpgsqlCommand note = new("INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, clock_micros(NULL))", connection);
            note.Parameters.Add(Value.Int(NumberOf(name)));
            note.Parameters.Add(Value.Text(name[Sql.MigrationFolder.Length..]));
            await note.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            applied++;
        }

        return applied;
    }

    private static async Task GrantAsync(NpgsqlConnection connection, string user, string? password, CancellationToken cancellationToken)
    {
        string role = Quoted(user, '"');
        await using NpgsqlCommand find = new("SELECT count(*) FROM pg_roles WHERE rolname = $1", connection);
        find.Parameters.Add(Value.Text(user));
        if ((long)(await find.ExecuteScalarAsync(cancellationToken))! == 0)
        {
            await RunAsync(connection, $"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION", cancellationToken);
        }

        if (password is not null)
        {
            await RunAsync(connection, $"ALTER ROLE {role} PASSWORD {Quoted(password, '\'')}", cancellationToken);
        }

        await RunAsync(connection, Sql.Load("Database/Grants").Replace("{runtime}", role, StringComparison.Ordinal), cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Texts of this assembly; names in them are quoted.
        await using NpgsqlCommand command = new(text, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A name or a text as it stands in SQL. Backslashes mean themselves with standard_conforming_strings, which every server has on.</summary>
    private static string Quoted(string text, char quote)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A name or password of the database has no character 0.", nameof(text));
        }

        return $"{quote}{text.Replace(quote.ToString(), new string(quote, 2), StringComparison.Ordinal)}{quote}";
    }

    private static int NumberOf(string name) => int.Parse(name.AsSpan(Sql.MigrationFolder.Length, 4), NumberStyles.None, CultureInfo.InvariantCulture);
}
