using System.Globalization;
using System.Net;

using NodaTime;

using Npgsql;

namespace Weir.PostgreSql;

/// <summary>
/// Looks at a database and at the role that nodes serve with, and names what keeps them from serving, what could lose or show what it must
/// not, and what will go wrong one day. It changes nothing.
/// </summary>
public static class PostgreSqlDoctor
{
    /// <summary>Node clocks decide nothing in the ledger (TX-3). Portal tokens, signatures of webhooks and logs go by them.</summary>
    private static readonly Duration s_nearClock = Duration.FromSeconds(5);

    private static readonly Duration s_farClock = Duration.FromMinutes(1);

    /// <param name="options">As nodes have them, with the runtime role.</param>
    /// <param name="nodes">How many nodes serve from the database, with those of an upgrade that overlaps.</param>
    /// <param name="time">The clock of this machine.</param>
    public static async Task<Examination> ExamineAsync(PostgreSqlStoreOptions options, int nodes, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 1);
        List<Finding> findings = [.. Transport(options.ConnectionString)];
        string subject = options.Target;
        try
        {
            await using Database database = new(options);
            await using NpgsqlConnection connection = await database.OpenAsync(cancellationToken);
            subject = $"{subject}: PostgreSQL {connection.PostgreSqlVersion}";
            findings.AddRange(await ClockAsync(connection, time, cancellationToken));
            if (await SchemaAsync(connection, cancellationToken) is { } missing)
            {
                findings.Add(missing);
                findings.AddRange(await SelfCheck.SettingsAsync(connection, cancellationToken));
            }
            else
            {
                int reached = await SelfCheck.ReachedAsync(connection, cancellationToken);
                subject = string.Create(CultureInfo.InvariantCulture, $"{subject}, schema at step {reached}");
                findings.AddRange(await SelfCheck.FindAsync(connection, insecureOwner: false, cancellationToken));
                findings.AddRange(await SelfCheck.ListAsync(connection, "Database/FindWeaknesses", Weakness, cancellationToken, Value.Int(checked(nodes * (options.Connections + 1)))));
                if (!findings.Exists(finding => finding.Check is "superuser" or "bypass"))
                {
                    findings.AddRange(await ProbeAsync(connection, cancellationToken));
                }
            }
        }
        catch (Exception e) when (Failures.AsUnavailable(e) is { } unavailable)
        {
            findings.Add(new Finding(FindingLevel.Fault, "connection", unavailable.Message.TrimEnd('.'), "nodes get no further either: mend this and look again"));
        }

        return new Examination(subject, [.. findings.OrderByDescending(finding => finding.Level)]);
    }

    private static IEnumerable<Finding> Transport(string connectionString)
    {
        NpgsqlConnectionStringBuilder settings = new(connectionString);
        bool leaves = (settings.Host ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Any(host =>
            host[0] is not ('/' or '@') && host.Split(':')[0] != "localhost" && !(IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address)));
        if (leaves && settings.SslMode is not (SslMode.VerifyFull or SslMode.VerifyCA))
        {
            yield return new Finding(
                FindingLevel.Warning, "tls", $"the connection leaves this machine with SSL Mode={settings.SslMode}: whoever stands between can read it, or answer in the database's place",
                "SSL Mode=VerifyFull in the connection string");
        }
    }

    private static async Task<IEnumerable<Finding>> ClockAsync(NpgsqlConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT clock_timestamp()", connection);
        Instant before = Now();
        Instant theirs = Instant.FromDateTimeUtc((DateTime)(await command.ExecuteScalarAsync(cancellationToken))!);
        Instant after = Now();
        // It was read somewhere between.
        Duration ahead = theirs < before ? before - theirs : theirs > after ? theirs - after : Duration.Zero;
        if (ahead <= s_nearClock)
        {
            return [];
        }

        string seconds = ahead.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        return
        [
            new Finding(
                ahead > s_farClock ? FindingLevel.Fault : FindingLevel.Warning, "clock",
                $"the clocks of this machine and of the database are {seconds} s apart: decisions go by the database's, portal tokens and signatures of webhooks by this one", "set both by NTP"),
        ];

        Instant Now() => Instant.FromDateTimeOffset(time.GetUtcNow());
    }

    private static async Task<Finding?> SchemaAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new($"SELECT to_regclass('{PostgreSqlSchema.Name}.migrations') IS NULL", connection);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!
            ? new Finding(FindingLevel.Fault, "schema", "the database has no schema of Weir, or the role may not use it", "run 'weir migrate' with the owner's connection and --runtime-user")
            : null;
    }

    /// <summary>Row-level security as it is, whatever is written down about it: without a workspace no table shows a row.</summary>
    private static async Task<IReadOnlyList<Finding>> ProbeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        List<Finding> findings = [];
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        // What is looked for stands in front of every index, and a look through a whole table that finds nothing may take minutes.
        await using (NpgsqlCommand prepare = new("SET LOCAL enable_seqscan = off", connection, transaction))
        {
            await prepare.ExecuteNonQueryAsync(cancellationToken);
        }

        foreach (string table in await SelfCheck.ListAsync(connection, "Database/ListIsolated", row => row.Text(0), cancellationToken))
        {
#pragma warning disable CA2100 // A name as the server quotes it.
            await using NpgsqlCommand look = new($"SELECT EXISTS (SELECT 1 FROM {table})", connection, transaction);
#pragma warning restore CA2100
            if ((bool)(await look.ExecuteScalarAsync(cancellationToken))!)
            {
                findings.Add(new Finding(
                    FindingLevel.Fault, "probe", $"{table} shows rows to a transaction that has named no workspace", "take the nodes off this database until row-level security holds: see the other faults"));
            }
        }

        return findings;
    }

    private static Finding Weakness(NpgsqlDataReader row) => new(row.GetBoolean(0) ? FindingLevel.Fault : FindingLevel.Warning, row.Text(1), row.Text(2), row.Text(3));
}
