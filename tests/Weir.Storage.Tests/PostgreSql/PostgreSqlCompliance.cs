namespace Weir.Storage.Tests;

public sealed class PostgreSqlCompliance : StoreCompliance
{
    private readonly PostgreSqlDatabase _database = new();

    protected override IWeirStore NewStore(TimeProvider time) => _database.NewStore(time);

    protected override void Clean() => _database.Dispose();
}
