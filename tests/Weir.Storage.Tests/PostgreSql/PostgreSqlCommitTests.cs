namespace Weir.Storage.Tests;

public sealed class PostgreSqlCommitTests : CommitTests, IDisposable
{
    private readonly PostgreSqlDatabase _database = new();

    public void Dispose() => _database.Dispose();

    private protected override IWeirStore NewStore(TimeProvider time) => _database.NewStore(time);
}
