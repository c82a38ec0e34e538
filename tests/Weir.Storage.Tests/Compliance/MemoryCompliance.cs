namespace Weir.Storage.Tests;

public sealed class MemoryCompliance : StoreCompliance
{
    protected override IWeirStore NewStore(TimeProvider time) => new MemoryStore(time);
}
