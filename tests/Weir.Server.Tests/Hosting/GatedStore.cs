using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

using Weir.Storage.Tests;

namespace Weir.Server.Tests.Hosting;

/// <summary>A store whose transactions can be held back, or fail as when a disk is full.</summary>
internal sealed class GatedStore
{
    private volatile TaskCompletionSource _gate = Opened();

    public GatedStore(IWeirStore inner) => Store = new HookedStore(inner) { BeforeBegin = PassAsync };

    /// <summary>Puts a gate before the store that a host has been given.</summary>
    /// <param name="made">Gets the gate when the host makes its store.</param>
    public static Action<IServiceCollection> BeforeStore(Action<GatedStore> made) => services =>
    {
        ServiceDescriptor inner = services.Last(service => service.ServiceType == typeof(IWeirStore));
        services.RemoveAll<IWeirStore>();
        services.AddSingleton(provider =>
        {
            GatedStore gated = new((IWeirStore)inner.ImplementationFactory!(provider));
            made(gated);
            return gated.Store;
        });
    };

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
