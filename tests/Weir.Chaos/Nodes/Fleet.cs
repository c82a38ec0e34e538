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

    private Fleet(PostgreSqlServer database, IReadOnlyList<Node> nodes)
    {
        Database = database;
        Nodes = nodes;
    }

    public PostgreSqlServer Database { get; }

    public IReadOnlyList<Node> Nodes { get; }

    /// <param name="catalog">Applied once, by the first node.</param>
    public static async Task<Fleet> StartAsync(int count, string catalog)
    {
        PostgreSqlServer database = new();
        database.Execute("postgres", $"CREATE ROLE {Owner} LOGIN CREATEROLE", $"CREATE DATABASE {Name} OWNER {Owner}");
        await PostgreSqlSchema.MigrateAsync(database.ConnectionString(Name, Owner), Runtime, null, CancellationToken.None);
        Fleet fleet = new(database, [.. Enumerable.Range(0, count).Select(number => new Node(number, database, Name, Runtime))]);
        try
        {
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
        await using NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(Database.ConnectionString(Name, "postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // The texts are those of this tool.
        await using NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    public Task<long> DeadlocksAsync() => AskAsync("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");

    /// <summary><c>weir verify</c> on the database itself.</summary>
    public Task<CommandResult> VerifyAsync() => WeirProcess.RunAsync("verify", "--postgres", Database.ConnectionString(Name, Runtime));

    public async ValueTask DisposeAsync()
    {
        foreach (Node node in Nodes)
        {
            await node.DisposeAsync();
        }

        Database.Dispose();
    }
}
