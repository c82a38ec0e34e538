using Weir.Sqlite;

namespace Weir.Storage.Tests;

public sealed class SqliteCompliance : StoreCompliance
{
    private readonly SqliteFolder _folder = new();

    protected override IWeirStore NewStore(TimeProvider time) => new SqliteStore(_folder.Options, time);

    protected override void Clean() => _folder.Dispose();
}
