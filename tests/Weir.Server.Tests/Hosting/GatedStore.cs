using Weir.Storage.Tests;

namespace Weir.Server.Tests.Hosting;

/// <summary>A store whose transactions can be held back, or fail as when a disk is full.</summary>
internal sealed class GatedStore
{
    private volatile TaskCompletionSource _gate = Opened();

    public GatedStore(IWeirStore inner) => Store = new HookedStore(inner) { BeforeBegin = PassAsync };

    /// <summary>What the host gets.</summary>
    public IWeirStore Store { get; }

    /// <summary>Transactions fail before they begin.</summary>
    public bool IsDown { get; set; }

    public void Close() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _gate.TrySetResult();

    private static TaskCompletionSource Opened()
    {
        TaskCompletionSource gate = new();
        gate.SetResult();
        return gate;
    }

    private async Task PassAsync()
    {
        await _gate.Task;
        if (IsDown)
        {
            throw new StoreUnavailableException("The disk is full.");
        }
    }
}
