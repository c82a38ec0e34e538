using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Weir;

/// <summary>Ends after the start what an earlier process began to erase. Nobody waits for it.</summary>
public sealed class EraseResumption(PrivacyService privacy, ILogger<EraseResumption> logger) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _work = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _work;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stop.Dispose();

    private async Task RunAsync()
    {
        try
        {
            if (!await privacy.CompleteAllAsync(_stop.Token))
            {
                Log.EraseIncomplete(logger);
            }
        }
        catch (OperationCanceledException)
        {
            // The next start goes on with it.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Log.EraseFailed(logger, exception);
        }
    }
}
