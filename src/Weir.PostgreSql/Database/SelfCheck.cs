using System.Globalization;

using Microsoft.Extensions.Logging;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>
/// What must hold before a node serves: the schema is one that it knows, the database keeps what it acknowledges, and the role is held back
/// by row-level security. Every fault is named.
/// </summary>
internal static class SelfCheck
{
    /// <summary>What holds for now is logged.</summary>
    /// <exception cref="StoreUnavailableException">Something does not hold; the message names all of it.</exception>
    public static async Task RunAsync(Database database, bool insecureOwner, ILogger logger, CancellationToken cancellationToken)
    {
        IReadOnlyList<Finding> findings;
        try
        {
            await using NpgsqlConnection connection = await database.OpenAsync(cancellationToken);
            findings = await FindAsync(connection, insecureOwner, cancellationToken);
        }
        catch (Exception e) when (Failures.AsUnavailable(e) is not null)
        {
            throw Failures.AsUnavailable(e)!;
        }

        foreach (Finding warning in findings.Where(finding => finding.Level == FindingLevel.Warning))
        {
            Log.HoldsForNow(logger, warning.ToString());
        }

        Finding[] faults = [.. findings.Where(finding => finding.Level == FindingLevel.Fault)];
        if (faults.Length > 0)
        {
            throw new StoreUnavailableException($"This database is not safe to serve from: {string.Join(". ", (IEnumerable<Finding>)faults)}.");
        }
    }

    /// <summary>All faults, and what is none while nodes are being brought to the version that has migrated the schema. The schema must be there.</summary>
    public static async Task<IReadOnlyList<Finding>> FindAsync(NpgsqlConnection connection, bool insecureOwner, CancellationToken cancellationToken)
    {
        List<Finding> findings = [];
        int reached = await ReachedAsync(connection, cancellationToken);
        if (PostgreSqlSchema.Fault(reached) is { } fault)
        {
            findings.Add(fault);
        }
        else if (reached > PostgreSqlSchema.Newest)
        {
            findings.Add(new Finding(
                FindingLevel.Warning, "schema", string.Create(CultureInfo.InvariantCulture, $"the schema is at step {reached}, and this program knows step {PostgreSqlSchema.Newest}"),
                "bring the nodes to the version that migrated it"));
        }

        findings.AddRange(await SettingsAsync(connection, cancellationToken));
        if (!insecureOwner)
        {
            findings.AddRange(await ListAsync(
                connection, "Database/FindUnsafeRights", Right, cancellationToken,
                Value.Texts(Rights.Granted.Select(granted => granted.Table)), Value.Texts(Rights.Granted.Select(granted => granted.Right)), Value.Bool(reached == PostgreSqlSchema.Newest)));
        }

        return findings;
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

    private static Finding Right(NpgsqlDataReader row) => Fault(row) is { Check: "later_function" } later ? later with { Level = FindingLevel.Warning, Check = "function" } : Fault(row);

    private static Finding Fault(NpgsqlDataReader row) => new(FindingLevel.Fault, row.Text(0), row.Text(1), row.Text(2));
}
