using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

/// <summary>A store whose retention fails before or after a step, as a process does that ends there.</summary>
internal sealed class CutShortRetention(IRetentionStore inner) : IRetentionStore
{
    /// <summary>How many halves of steps succeed: the first half comes before what the step does, the second after it.</summary>
    public int Left { get; set; } = int.MaxValue;

    /// <summary>Added to each sum that is carried.</summary>
    public Quantity Wrong { get; set; }

    public ValueTask<Instant> StartAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.StartAsync(workspace, cancellationToken);

    public ValueTask<Instant?> FirstRecordedAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.FirstRecordedAsync(workspace, cancellationToken);

    public ValueTask<IReadOnlyList<StoredEntry>> ReadAsync(WorkspaceId workspace, Instant before, long after, int limit, CancellationToken cancellationToken) =>
        inner.ReadAsync(workspace, before, after, limit, cancellationToken);

    public async ValueTask CarryAsync(
        WorkspaceId workspace, Instant start, IReadOnlyCollection<CarriedBalance> balances, IReadOnlyCollection<CarriedGrant> grants, CancellationToken cancellationToken)
    {
        CarriedBalance[] carried = [.. balances.Select(sum => sum with { Used = sum.Used + Wrong })];
        await StepAsync(async () =>
        {
            await inner.CarryAsync(workspace, start, carried, grants, cancellationToken);
            return true;
        });
    }

    public ValueTask<bool> MoveStartAsync(WorkspaceId workspace, Instant start, long summed, CancellationToken cancellationToken) =>
        StepAsync(() => inner.MoveStartAsync(workspace, start, summed, cancellationToken));

    public IAsyncEnumerable<CarriedBalance> ReadBalancesAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.ReadBalancesAsync(workspace, cancellationToken);

    public IAsyncEnumerable<CarriedGrant> ReadGrantsAsync(WorkspaceId workspace, CancellationToken cancellationToken) => inner.ReadGrantsAsync(workspace, cancellationToken);

    public ValueTask<LedgerDrop> DropAsync(WorkspaceId workspace, long? after, int limit, CancellationToken cancellationToken) =>
        StepAsync(() => inner.DropAsync(workspace, after, Math.Min(limit, 3), cancellationToken));

    private async ValueTask<T> StepAsync<T>(Func<ValueTask<T>> step)
    {
        Halve();
        T result = await step();
        Halve();
        return result;
    }

    private void Halve()
    {
        if (--Left < 0)
        {
            throw new StoreUnavailableException("It was cut short here.");
        }
    }
}
