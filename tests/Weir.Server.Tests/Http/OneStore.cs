using Weir.PostgreSql;
using Weir.Sqlite;
using Weir.Storage.Tests;

namespace Weir.Server.Tests;

/// <summary>A new store of a kind, for one host; gone with the test.</summary>
internal sealed class OneStore : IDisposable
{
    private readonly Action _end;

    private OneStore(Action<WeirBuilder> addTo, Action end)
    {
        AddTo = addTo;
        _end = end;
    }

    /// <summary>Adds the store to a host.</summary>
    public Action<WeirBuilder> AddTo { get; }

    /// <param name="kind"><c>memory</c>, <c>sqlite</c> or <c>postgresql</c>.</param>
    /// <param name="clock">The store's, also in place of the database's.</param>
    public static OneStore Of(string kind, TimeProvider clock)
    {
        switch (kind)
        {
            case "memory":
                return new OneStore(weir => weir.AddMemory(), () => { });
            case "sqlite":
                DirectoryInfo folder = Directory.CreateTempSubdirectory("weir-");
                return new OneStore(weir => weir.AddSqlite(Path.Combine(folder.FullName, "weir.db")), () => folder.Delete(recursive: true));
            case "postgresql":
                PostgreSqlCluster cluster = PostgreSqlCluster.Current;
                string database = cluster.Rent();
                PostgreSqlStoreOptions options = new() { ConnectionString = cluster.ConnectionString(database, PostgreSqlCluster.Runtime), Time = clock };
                return new OneStore(weir => weir.AddPostgreSql(options), () => cluster.GiveBack(database));
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such store.");
        }
    }

    public void Dispose() => _end();
}
