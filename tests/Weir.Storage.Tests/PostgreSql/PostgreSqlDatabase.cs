using Npgsql;

using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>A database for one test.</summary>
internal sealed class PostgreSqlDatabase : IDisposable
{
    public string Name { get; } = PostgreSqlCluster.Current.Rent();

    public PostgreSqlStoreOptions Options => new() { ConnectionString = PostgreSqlCluster.Current.ConnectionString(Name, PostgreSqlCluster.Runtime) };

    /// <summary>A node with a clock that tests move; without one it has the database's.</summary>
    public PostgreSqlStore NewStore(TimeProvider? time) => new(Options with { Time = time });

    public async Task<PostgreSqlStore> OpenAsync(TimeProvider? time)
    {
        PostgreSqlStore store = NewStore(time);
        await store.OpenAsync(CancellationToken.None);
        return store;
    }

    /// <summary>A connection past the store.</summary>
    /// <param name="user">The cluster's superuser, the schema's owner or the runtime role.</param>
    public NpgsqlConnection Connect(string user)
    {
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(PostgreSqlCluster.Current.ConnectionString(Name, user)) { SearchPath = PostgreSqlSchema.Name, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }

    public void Dispose() => PostgreSqlCluster.Current.GiveBack(Name);
}
