using Weir.Sqlite;

namespace Weir.Storage.Tests;

public sealed class SqliteCommitTests : CommitTests, IDisposable
{
    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => new SqliteStore(_folder.Options, time);
}
