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

    /// <summary>A node whose batches look for their ids only when they are decided again.</summary>
    public PostgreSqlStore NewHastyStore(TimeProvider? time)
    {
        PostgreSqlStore store = NewStore(time);
        ((PostgreSqlLedger)store.Ledger).Repeats = new ExpectedRepeats(0);
        return store;
    }

    public async Task<PostgreSqlStore> OpenAsync(TimeProvider? time)
    {
        PostgreSqlStore store = NewStore(time);
        await store.OpenAsync(CancellationToken.None);
        return store;
    }

    /// <summary>Numbers entries from here on by numbers that are so large that nothing else in a picture of them looks like one: they have gaps.</summary>
    public void NumberApart() => PostgreSqlCluster.Current.Execute(Name, "SELECT setval('weir.log_numbers', 4000000000000000)");

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
