using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

using Npgsql;

using Weir.PostgreSql;
using Weir.Server.Tests.Program;
using Weir.Storage.Tests;

namespace Weir.Chaos;

/// <summary>A database of its own and the nodes that share it.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private const string Name = "weir";
    private const string Owner = "weir_owner";
    private const string Runtime = "weir_runtime";

    private readonly TemporaryFolder _folder = new();

    private Fleet(int count, bool wrongClocks)
    {
        Clocks = new Clocks(_folder.Path, wrongClocks);
        Database = new PostgreSqlServer();
        Nodes = [.. Enumerable.Range(0, count).Select(number => new Node(number, Database, Name, Runtime))];
    }

    public Clocks Clocks { get; }

    public PostgreSqlServer Database { get; }

    public IReadOnlyList<Node> Nodes { get; }

    /// <param name="catalog">Applied once, by the first node.</param>
    /// <param name="wrongClocks">Whether nodes have wrong clocks, where the machine can do that.</param>
    /// <param name="deadline">Within which nodes have to answer, whatever the database does.</param>
    /// <param name="older">Another version of the program, for the last node.</param>
    public static async Task<Fleet> StartAsync(int count, string catalog, TimeSpan deadline, bool wrongClocks, string? older)
    {
        Fleet fleet = new(count, wrongClocks);
        try
        {
            fleet.Database.Execute("postgres", $"CREATE ROLE {Owner} LOGIN CREATEROLE", $"CREATE DATABASE {Name} OWNER {Owner}");
            await PostgreSqlSchema.MigrateAsync(fleet.Database.ConnectionString(Name, Owner), Runtime, null, CancellationToken.None);
            foreach (Node node in fleet.Nodes)
            {
                node.Environment["Weir__RequestDeadline"] = deadline.ToString();
                foreach ((string name, string? value) in fleet.Clocks.EnvironmentOf(node.Number))
                {
                    node.Environment[name] = value;
                }
            }

            fleet.Nodes[^1].Environment[WeirProcess.OtherProgram] = older;
            await Task.WhenAll(fleet.Nodes.Select(node => node.StartAsync()));
            using StringContent content = new(catalog, Encoding.UTF8, new MediaTypeHeaderValue("application/yaml"));
            using HttpResponseMessage put = await fleet.Nodes[0].Client.PutAsync(new Uri("/api/v1/catalog", UriKind.Relative), content);
            return put.IsSuccessStatusCode ? fleet : throw new InvalidOperationException(await put.Content.ReadAsStringAsync());
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>One number, asked of the database past the nodes.</summary>
    public async Task<long> AskAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using NpgsqlConnection connection = await ConnectAsync();
#pragma warning disable CA2100 // The texts are those of this tool.
        await using NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>The keys of the accounts whose keys begin so, by their internal ids.</summary>
    public async Task<Dictionary<long, string>> AccountsAsync(string prefix)
    {
        Dictionary<long, string> keys = [];
        await using NpgsqlConnection connection = await ConnectAsync();
        await using NpgsqlCommand command = new("SELECT account, key FROM weir.account_profiles WHERE starts_with(key, @prefix)", connection);
        command.Parameters.AddWithValue("prefix", prefix);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            keys.Add(rows.GetInt64(0), rows.GetString(1));
        }

        return keys;
    }

    /// <summary>The store as a node has it.</summary>
    public PostgreSqlStore OpenStore() => new(Database.ConnectionString(Name, Runtime));

    /// <summary>Nodes that are started from now on have the machine's clock: the library that makes clocks wrong makes a node slow.</summary>
    public void SetClocksRight()
    {
        foreach (Node node in Nodes)
        {
            foreach (string name in Clocks.EnvironmentOf(node.Number).Keys)
            {
                node.Environment.Remove(name);
            }
        }
    }

    /// <summary>The database's clock.</summary>
    public async Task<DateTimeOffset> NowAsync() => DateTimeOffset.UnixEpoch.AddTicks(10 * await AskAsync("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"));

    public Task<long> DeadlocksAsync() => AskAsync("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");

    /// <summary><c>weir verify</c> on the database itself.</summary>
    public Task<CommandResult> VerifyAsync() => WeirProcess.RunAsync("verify", "--postgres", Database.ConnectionString(Name, Runtime));

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(Database.ConnectionString(Name, "postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Node node in Nodes)
        {
            await node.DisposeAsync();
        }

        Database.Dispose();
        _folder.Dispose();
    }
}
