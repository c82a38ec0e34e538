using Weir.Engine;

namespace Weir.Sqlite;

/// <summary>Of a file that is only read every look sees the same state, so there is nothing to hold back; what would change it is refused.</summary>
internal sealed class ReadOnlyTransaction(Writer writer) : ILedgerTransaction
{
    public ValueTask<LedgerSnapshot> LoadAsync(LedgerLoad load, CancellationToken cancellationToken) => throw writer.ReadOnlyRefusal();

    public ValueTask<IReadOnlyList<Balance>> LoadBalancesAsync(long account, IReadOnlyCollection<BalanceKey> keys, CancellationToken cancellationToken) => throw writer.ReadOnlyRefusal();

    public ValueTask<IReadOnlySet<SlotLine>> ReadWaitedAsync(IReadOnlyCollection<SlotLine> lines, CancellationToken cancellationToken) => throw writer.ReadOnlyRefusal();

    public ValueTask<IReadOnlySet<long>> ReadStandingAsync(IReadOnlyCollection<long> tickets, CancellationToken cancellationToken) => throw writer.ReadOnlyRefusal();

    public ValueTask<bool> WriteAsync(LedgerWrites writes, CancellationToken cancellationToken) => throw writer.ReadOnlyRefusal();

    public ValueTask CommitAsync(CancellationToken cancellationToken) => throw writer.ReadOnlyRefusal();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
